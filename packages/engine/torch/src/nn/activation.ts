// Activations as modules, for use in Sequential; each is the tensor method of the same name.
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}
export class LeakyReLU extends Module {
  constructor(private readonly negativeSlope = 0.01) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.leakyRelu({ negativeSlope: this.negativeSlope });
  }
}
export class GELU extends Module {
  constructor(private readonly approximate: "none" | "tanh" = "none") {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.gelu({ approximate: this.approximate });
  }
}
export class ELU extends Module {
  constructor(private readonly alpha = 1) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.elu({ alpha: this.alpha });
  }
}
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return x.tanh();
  }
}
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}
export class Softplus extends Module {
  constructor(
    private readonly beta = 1,
    private readonly threshold = 20,
  ) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.softplus({ beta: this.beta, threshold: this.threshold });
  }
}
export class Mish extends Module {
  forward(x: Tensor): Tensor {
    return x.mish();
  }
}
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
