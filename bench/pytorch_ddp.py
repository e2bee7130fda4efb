"""PyTorch's ranks for the benchmark: DistributedDataParallel over Gloo, as torchrun's variables place them."""

import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


class Ranks:
    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def parallel(self, net):
        """Averages the gradients in 25 MiB buckets, of which they are views."""
        if self.size == 1:
            return net
        return DistributedDataParallel(net, gradient_as_bucket_view=True)

    def part(self, n):
        """This rank's share of n rows."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def gather(self, own):
        """All ranks' rows; each has as many."""
        if self.size == 1:
            return own
        parts = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(parts, own)
        return torch.cat(parts)


def join():
    """The ranks of this job; one alone where no launcher says otherwise."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size > 1:
        dist.init_process_group("gloo")
    return Ranks(int(os.environ.get("RANK", "0")), size)
