"""PyTorch itself, what is built upon it, Pillow, TensorFlow and Keras."""

from __future__ import annotations

from runner.plan.ageing.rules import Release, Removal, keywords, names

_T_1_8 = Release("torch", "1.8.0", "2021-03-04", "3.6")
_T_1_12 = Release("torch", "1.12.0", "2022-06-28", "3.7")
_T_1_13 = Release("torch", "1.13.0", "2022-10-28", "3.7")
_T_2_0 = Release("torch", "2.0.0", "2023-03-15", "3.8")
_T_2_7 = Release("torch", "2.7.0", "2025-04-23", "3.9")

_SCHEDULERS = (
    "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR", "LambdaLR",
    "MultiStepLR", "OneCycleLR", "ReduceLROnPlateau", "StepLR",
)  # fmt: skip

_TORCH = (
    *names(
        _T_1_8,
        {
            "torch.rfft": "torch.fft.rfft",
            "torch.irfft": "torch.fft.irfft",
            "torch.ifft": "torch.fft.ifft",
        },
    ),
    *names(_T_1_12, {"torch.solve": "torch.linalg.solve"}),
    *names(
        _T_1_13,
        {
            "torch.lstsq": "torch.linalg.lstsq",
            "torch.eig": "torch.linalg.eig",
            "torch.matrix_rank": "torch.linalg.matrix_rank",
        },
    ),
    *names(
        _T_2_0,
        {"torch.symeig": "torch.linalg.eigh", "torch._six": "the types of Python: str, math.inf"},
    ),
    *(
        Removal(
            _T_2_7,
            "keyword",
            f"torch.optim.lr_scheduler.{name}",
            "it without that argument, and print scheduler.get_last_lr()",
            "verbose",
        )
        for name in _SCHEDULERS
    ),
)

_TV_0_11 = Release("torchvision", "0.11.0", "2021-10-21", "3.6", (("torch", "1.10.0"),))
_TV_0_12 = Release("torchvision", "0.12.0", "2022-03-10", "3.7", (("torch", "1.11.0"),))
_TV_0_14 = Release("torchvision", "0.14.0", "2022-10-28", "3.7", (("torch", "1.13.0"),))
_TV_0_15 = Release("torchvision", "0.15.1", "2023-03-15", "3.8", (("torch", "2.0.0"),))
_TV_0_17 = Release("torchvision", "0.17.0", "2024-01-30", "3.8", (("torch", "2.2.0"),))

_TORCHVISION = (
    *names(
        _TV_0_11,
        {
            "torchvision.models.utils": (
                "from torch.hub import load_state_dict_from_url (it lay there before)"
            ),
        },
    ),
    *names(
        _TV_0_12,
        {
            "torchvision.transforms.Scale": "torchvision.transforms.Resize",
            "torchvision.transforms.RandomSizedCrop": "torchvision.transforms.RandomResizedCrop",
        },
    ),
    *keywords(
        _TV_0_14,
        "torchvision.transforms.RandomAffine",
        {"resample": "interpolation=…", "fillcolor": "fill=…"},
    ),
    *keywords(_TV_0_14, "torchvision.transforms.RandomRotation", {"resample": "interpolation=…"}),
    *names(
        _TV_0_15,
        {"torchvision.models.resnet.model_urls": "torchvision.models.ResNet50_Weights…url"},
    ),
    *names(
        _TV_0_17,
        {"torchvision.transforms.functional_tensor": "torchvision.transforms.functional"},
    ),
)

_TT_0_9 = Release("torchtext", "0.9.0", "2021-03-04", "3.5", (("torch", "1.8.0"),))
_TT_0_12 = Release("torchtext", "0.12.0", "2022-03-10", "3.7", (("torch", "1.11.0"),))

_TORCHTEXT = (
    *names(
        _TT_0_9,
        {
            "torchtext.data.Field": None,
            "torchtext.data.LabelField": None,
            "torchtext.data.BucketIterator": None,
            "torchtext.data.TabularDataset": None,
        },
    ),
    *names(_TT_0_12, {"torchtext.legacy": None}),
)

_PILLOW_10 = Release("pillow", "10.0.0", "2023-07-01", "3.8")

_PILLOW = names(
    _PILLOW_10,
    {
        "PIL.Image.ANTIALIAS": "PIL.Image.LANCZOS",
        "PIL.Image.LINEAR": "PIL.Image.BILINEAR",
        "PIL.Image.CUBIC": "PIL.Image.BICUBIC",
    },
) + tuple(
    Removal(_PILLOW_10, "member", maker, told, member)
    for maker, member, told in (
        ("PIL.ImageDraw.Draw", "textsize", "textbbox(…)"),
        ("PIL.ImageDraw.Draw", "multiline_textsize", "multiline_textbbox(…)"),
        ("PIL.ImageFont.truetype", "getsize", "getbbox(…)"),
    )
)

_TF_2_0 = Release("tensorflow", "2.0.0", "2019-09-30", "3.5")
_KERAS_2_13 = Release("keras", "2.13.1", "2023-06-27", "3.8")

_TENSORFLOW = names(
    _TF_2_0,
    {
        **{
            f"tensorflow.{name}": f"tensorflow.compat.v1.{name}"
            for name in (
                "ConfigProto", "GPUOptions", "InteractiveSession", "Session", "app", "flags",
                "get_default_graph", "get_variable", "gfile", "global_variables_initializer",
                "layers", "logging", "placeholder", "placeholder_with_default",
                "reset_default_graph", "set_random_seed", "trainable_variables", "variable_scope",
            )
        },
        "tensorflow.contrib": None,
        "tensorflow.log": "tensorflow.math.log",
        "tensorflow.random_normal": "tensorflow.random.normal",
        "tensorflow.random_uniform": "tensorflow.random.uniform",
        "tensorflow.truncated_normal": "tensorflow.random.truncated_normal",
        "tensorflow.to_float": "tensorflow.cast(…, tensorflow.float32)",
        "tensorflow.matrix_inverse": "tensorflow.linalg.inv",
    },
)  # fmt: skip

_KERAS = names(_KERAS_2_13, {"keras.utils.np_utils": "from keras.utils import to_categorical"})

ROWS: tuple[Removal, ...] = (
    *_TORCH,
    *_TORCHVISION,
    *_TORCHTEXT,
    *_PILLOW,
    *_TENSORFLOW,
    *_KERAS,
)
"""All of it."""
