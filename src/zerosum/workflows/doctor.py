"""What this machine offers a training."""

import platform
from typing import Any

import torch

from zerosum.engine.choose import can_compile
from zerosum.runs.store import versions
from zerosum.runtime import resolve_device


def examine() -> dict[str, Any]:
    """Versions, devices, and what the hardware is quick at."""
    device = resolve_device("auto")
    findings: dict[str, Any] = {
        **versions(),
        "platform": platform.platform(),
        "device": str(device),
        "cpu_threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpu_bf16": _cpu_bf16(),
        "torch_compile": can_compile(device),
        "distributed": torch.distributed.is_available(),
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        findings["gpu"] = properties.name
        findings["gpu_memory_gib"] = round(properties.total_memory / 2**30, 1)
    return findings


def _cpu_bf16() -> str:
    """How the CPU multiplies bfloat16."""
    capabilities = torch.cpu.get_capabilities()
    if capabilities.get("amx_bf16"):
        return "AMX"
    if capabilities.get("avx512_bf16"):
        return "AVX-512"
    return "emulated"
