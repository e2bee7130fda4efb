// Fashion-MNIST: MNIST's format and sizes, harder to tell apart. Debian packages it.
import type { PublishedSet } from "../files/published.js";

const names = [
  "t-shirt",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
];

/** Photographs of clothes (Xiao, Rasul, Vollgraf 2017): 60,000 and 10,000 images of 28×28. */
export const fashionMnist: PublishedSet = {
  title: "Fashion-MNIST",
  home: "https://github.com/zalandoresearch/fashion-mnist",
  files: {
    train: {
      images: {
        name: "train-images-idx3-ubyte",
        size: 47_040_016,
        md5: "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      },
      labels: {
        name: "train-labels-idx1-ubyte",
        size: 60_008,
        md5: "9018921c3c673c538a1fc5bad174d6f9",
        sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      },
    },
    test: {
      images: {
        name: "t10k-images-idx3-ubyte",
        size: 7_840_016,
        md5: "8181f5470baa50b63fa0f6fddb340f0a",
        sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      },
      labels: {
        name: "t10k-labels-idx1-ubyte",
        size: 10_008,
        md5: "15d484375f8d13e6eb1aabb0c3f46965",
        sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      },
    },
  },
  package: {
    folder: () => "/usr/share/datasets/fashion-mnist",
    install: "install Debian's package dataset-fashion-mnist",
  },
  folders: ["fashion_mnist", "fashion-mnist", "FashionMNIST/raw"],
  classes: names.map((name, label) => ({ label, name })),
};
