"""Baselines of one model with made-up figures, as the files of a folder."""

from __future__ import annotations


def baseline_files(model: str) -> dict[str, str]:
    """Texts by file name: a Cortex-M4 with both kinds of kernels, a Cortex-M55, and two layers."""
    return {
        "tflm.csv": (
            "model,core,macs,instructions_per_inference,arena_used,arena_head,arena_tail,"
            "static_ram,stack,model_bytes,code_bytes_generic,code_bytes_int8_only\n"
            f"{model},cortex-m4 (CMSIS-NN),10,1000,500,400,100,70,30,2000,9000,8000\n"
            f"{model},cortex-m4 (reference kernels),10,4000,450,400,50,70,20,2000,7000,6000\n"
            f"{model},cortex-m55 (CMSIS-NN, MVE),10,499.75,600,500,100,70,40,2000,9500,8500\n"
        ),
        "tflm_layers.csv": (
            "model,layer,operator,output_shape,macs,instructions_cortex_m4,instructions_cortex_m55\n"
            f"{model},0,CONV_2D,1x2x2x1,10,880,400\n"
            f"{model},1,SOFTMAX,1x2,0,120,100\n"
        ),
        "tflm_cycles.csv": (
            f"model,instructions,cycles_low,cycles_mid,cycles_high\n{model},1001,1200,1300,1400\n"
        ),
        "tflm_layer_cycles.csv": (
            "model,layer,operator,macs,instructions,cycles_low,cycles_mid,cycles_high,"
            "cyc_per_mac_mid,flash_data_loads\n"
            f"{model},0,CONV_2D,10,881,1000,1100,1200,110.0,5\n"
        ),
    }
