"""Shared by every test."""

import torch

torch.set_num_threads(1)  # tiny tensors: handing work to threads costs more than it saves
