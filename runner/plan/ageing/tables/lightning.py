"""PyTorch Lightning, under both names of its package, and TorchMetrics."""

from __future__ import annotations

from runner.plan.ageing.rules import Release, Removal, keywords, methods, names

_PL = "pytorch-lightning"
_TRAINER = "pytorch_lightning.Trainer"
_MODULE = "pytorch_lightning.LightningModule"
_DATA = "pytorch_lightning.LightningDataModule"
_CALLBACK = "pytorch_lightning.Callback"

_PL_0_8 = Release(_PL, "0.8.1", "2020-06-19", "3.6")
_PL_0_9 = Release(_PL, "0.9.0", "2020-08-20", "3.6", (("torch", "1.3"),))
_PL_1_0 = Release(_PL, "1.0.0", "2020-10-13", "3.6", (("torch", "1.3"),))
_PL_1_2 = Release(_PL, "1.2.0", "2021-02-18", "3.6", (("torch", "1.4"),))
_PL_1_3 = Release(_PL, "1.3.0", "2021-05-06", "3.6", (("torch", "1.4"), ("torchmetrics", "0.2.0")))
_PL_1_5 = Release(_PL, "1.5.0", "2021-11-02", "3.6", (("torch", "1.6"), ("torchmetrics", "0.4.1")))
_PL_1_6 = Release(_PL, "1.6.0", "2022-03-29", "3.7", (("torch", "1.8"), ("torchmetrics", "0.4.1")))
_PL_1_7 = Release(_PL, "1.7.0", "2022-08-02", "3.7", (("torch", "1.9"), ("torchmetrics", "0.7.0")))
_PL_1_8 = Release(_PL, "1.8.0", "2022-11-01", "3.7", (("torch", "1.9"), ("torchmetrics", "0.7.0")))
_PL_1_9 = Release(_PL, "1.9.0", "2023-01-18", "3.7", (("torch", "1.10"), ("torchmetrics", "0.7.0")))
_PL_2_0 = Release(_PL, "2.0.0", "2023-03-15", "3.8", (("torch", "1.11"), ("torchmetrics", "0.7.0")))

_STRATEGIES = ("'dp'", "'ddp'", "'ddp2'", "'ddp_spawn'", "'ddp_cpu'", "'horovod'", "'ddp_sharded'")

_TRAINER_ARGUMENTS = (
    *keywords(
        _PL_0_8,
        _TRAINER,
        {
            "max_nb_epochs": "max_epochs=…",
            "min_nb_epochs": "min_epochs=…",
            "nb_gpu_nodes": "num_nodes=…",
            "nb_sanity_val_steps": "num_sanity_val_steps=…",
            "gradient_clip": "gradient_clip_val=…",
            "default_save_path": "default_root_dir=…",
        },
    ),
    *keywords(
        _PL_0_9,
        _TRAINER,
        {
            "num_tpu_cores": 'accelerator="tpu", devices=…',
            "print_nan_grads": "detect_anomaly=True",
            "show_progress_bar": "enable_progress_bar=…",
            "use_amp": "precision=16",
        },
    ),
    *keywords(
        _PL_1_0,
        _TRAINER,
        {
            "early_stop_callback": "callbacks=[EarlyStopping(monitor=…)]",
            "log_save_interval": None,
            "row_log_interval": "log_every_n_steps=…",
            "overfit_pct": "overfit_batches=…",
            "train_percent_check": "limit_train_batches=…",
            "val_percent_check": "limit_val_batches=…",
            "test_percent_check": "limit_test_batches=…",
        },
    ),
    *keywords(
        _PL_1_3,
        _TRAINER,
        {
            "automatic_optimization": "self.automatic_optimization = … in the LightningModule",
            "enable_pl_optimizer": None,
        },
    ),
    *keywords(
        _PL_1_5,
        _TRAINER,
        {
            "distributed_backend": "strategy=…",
            "truncated_bptt_steps": "the loop over time in training_step",
        },
    ),
    *keywords(
        _PL_1_6,
        _TRAINER,
        {"reload_dataloaders_every_epoch": "reload_dataloaders_every_n_epochs=1"},
    ),
    *keywords(
        _PL_1_7,
        _TRAINER,
        {
            "checkpoint_callback": "enable_checkpointing=…",
            "flush_logs_every_n_steps": "it in the logger: CSVLogger(flush_logs_every_n_steps=…)",
            "log_gpu_memory": "callbacks=[DeviceStatsMonitor()]",
            "prepare_data_per_node": "self.prepare_data_per_node = … in the data module",
            "process_position": "callbacks=[TQDMProgressBar(process_position=…)]",
            "progress_bar_refresh_rate": "callbacks=[TQDMProgressBar(refresh_rate=…)]",
            "stochastic_weight_avg": "callbacks=[StochasticWeightAveraging(swa_lrs=…)]",
            "terminate_on_nan": "detect_anomaly=…",
            "weights_summary": "callbacks=[ModelSummary(max_depth=…)]",
        },
    ),
    *keywords(_PL_1_8, _TRAINER, {"weights_save_path": "callbacks=[ModelCheckpoint(dirpath=…)]"}),
    *keywords(
        _PL_2_0,
        _TRAINER,
        {
            "gpus": 'accelerator="gpu", devices=…',
            "tpu_cores": 'accelerator="tpu", devices=…',
            "ipus": None,
            "num_processes": 'accelerator="cpu", devices=…',
            "auto_select_gpus": 'devices="auto"',
            "resume_from_checkpoint": "trainer.fit(…, ckpt_path=…)",
            "auto_lr_find": "Tuner(trainer).lr_find(model)",
            "auto_scale_batch_size": "Tuner(trainer).scale_batch_size(model)",
            "amp_backend": "precision=…",
            "amp_level": "precision=…",
            "move_metrics_to_cpu": None,
            "multiple_trainloader_mode": "CombinedLoader(…, mode=…)",
            "replace_sampler_ddp": "use_distributed_sampler=…",
            "track_grad_norm": "self.log_dict(grad_norm(self, norm_type=2)) in a hook",
        },
    ),
    Removal(_PL_1_7, "keyword", _TRAINER, "strategy=…", "accelerator", _STRATEGIES),
    Removal(_PL_2_0, "keyword", _TRAINER, 'strategy="ddp"', "strategy", ("'dp'",)),
    Removal(_PL_2_0, "keyword", _TRAINER, 'strategy="fsdp"', "strategy", ("'ddp_sharded'",)),
)

_TRAINER_MEMBERS = (
    *names(
        _PL_2_0,
        {
            f"{_TRAINER}.from_argparse_args": "the arguments one by one: Trainer(max_epochs=…)",
            f"{_TRAINER}.add_argparse_args": "parser.add_argument(…) for those you need",
            f"{_TRAINER}.parse_argparser": None,
            f"{_DATA}.from_argparse_args": "the arguments one by one",
            f"{_DATA}.add_argparse_args": "parser.add_argument(…) for those you need",
        },
    ),
    Removal(_PL_2_0, "member", _TRAINER, "Tuner(trainer).lr_find(model)", "tune"),
    Removal(
        _PL_1_6, "member-keyword", _TRAINER, "train_dataloaders=…", "fit", ("train_dataloader",)
    ),
    Removal(_PL_1_6, "member-keyword", _TRAINER, "dataloaders=…", "test", ("test_dataloaders",)),
    Removal(_PL_1_6, "member-keyword", _TRAINER, "dataloaders=…", "validate", ("val_dataloaders",)),
)

_HOOKS = (
    *methods(
        _PL_2_0,
        _MODULE,
        {
            "training_epoch_end": "on_train_epoch_end(self), with outputs kept in training_step",
            "validation_epoch_end": (
                "on_validation_epoch_end(self), with outputs kept in validation_step"
            ),
            "test_epoch_end": "on_test_epoch_end(self), with outputs kept in test_step",
            "tbptt_split_batch": "the loop over time in training_step",
        },
    ),
    *methods(
        _PL_1_8,
        _MODULE,
        {"on_epoch_start": "on_train_epoch_start", "on_epoch_end": "on_train_epoch_end"},
    ),
    *methods(
        _PL_1_8,
        _CALLBACK,
        {"on_epoch_start": "on_train_epoch_start", "on_epoch_end": "on_train_epoch_end"},
    ),
    *methods(_PL_1_7, _MODULE, {"get_progress_bar_dict": "get_metrics in a progress bar callback"}),
    *(
        Removal(_PL_2_0, "argument", _MODULE, told, method, ("optimizer_idx",))
        for method, told in {
            "training_step": "self.automatic_optimization = False, and self.optimizers()",
            "optimizer_step": "it without that argument",
            "optimizer_zero_grad": "it without that argument",
            "backward": "backward(self, loss)",
            "configure_gradient_clipping": "it without that argument",
            "lr_scheduler_step": "it without that argument",
        }.items()
    ),
)

_PLUGINS = names(
    _PL_1_8,
    {
        f"pytorch_lightning.plugins.{name}Plugin": f"pytorch_lightning.strategies.{told}Strategy"
        for name, told in {
            "DDP": "DDP",
            "DDPSpawn": "DDP",
            "DDPSharded": "FSDP",
            "DDPFullySharded": "FSDP",
            "DeepSpeed": "DeepSpeed",
            "DataParallel": "DDP",
        }.items()
    },
)

_MODULES = (
    *names(
        _PL_1_0,
        {
            "pytorch_lightning.TrainResult": "self.log(…)",
            "pytorch_lightning.EvalResult": "self.log(…)",
        },
    ),
    *names(
        _PL_1_5,
        {
            "pytorch_lightning.metrics": "import torchmetrics",
            "pytorch_lightning.core.decorators.auto_move_data": "trainer.predict(…)",
        },
    ),
    *names(
        _PL_1_7,
        {
            "pytorch_lightning.loggers.TestTubeLogger": "TensorBoardLogger",
            "pytorch_lightning.loggers.test_tube": "TensorBoardLogger",
            "pytorch_lightning.callbacks.GPUStatsMonitor": "DeviceStatsMonitor",
            "pytorch_lightning.callbacks.XLAStatsMonitor": "DeviceStatsMonitor",
        },
    ),
    *names(
        _PL_1_9,
        {
            "pytorch_lightning.core.lightning": "from pytorch_lightning import LightningModule",
            "pytorch_lightning.callbacks.base": "from pytorch_lightning import Callback",
            "pytorch_lightning.loggers.base": "from pytorch_lightning.loggers import Logger",
            "pytorch_lightning.loggers.LightningLoggerBase": (
                "from pytorch_lightning.loggers import Logger"
            ),
            "pytorch_lightning.utilities.cli": "from pytorch_lightning.cli import LightningCLI",
        },
    ),
    *names(
        _PL_2_0,
        {
            "pytorch_lightning.lite": "from lightning.fabric import Fabric",
            "pytorch_lightning.profiler": "pytorch_lightning.profilers",
            "pytorch_lightning.callbacks.QuantizationAwareTraining": None,
            "pytorch_lightning.overrides.data_parallel": None,
            "pytorch_lightning.strategies.DataParallelStrategy": "DDPStrategy",
            "pytorch_lightning.strategies.DDPSpawnStrategy": 'strategy="ddp_spawn"',
            "pytorch_lightning.trainer.supporters": (
                "from pytorch_lightning.utilities import CombinedLoader"
            ),
            "pytorch_lightning.utilities.apply_func": (
                "from lightning_utilities.core.apply_func import apply_to_collection"
            ),
            "pytorch_lightning.utilities.cloud_io": "torch.load(…)",
            "pytorch_lightning.utilities.device_parser": None,
            "pytorch_lightning.utilities.metrics": None,
            "pytorch_lightning.utilities.distributed.rank_zero_only": (
                "from pytorch_lightning.utilities.rank_zero import rank_zero_only"
            ),
        },
    ),
)

_ARGUMENTS = (
    *keywords(
        _PL_1_2,
        "pytorch_lightning.callbacks.ModelCheckpoint",
        {"filepath": "dirpath=…, filename=…"},
    ),
    *keywords(
        _PL_1_3, "pytorch_lightning.callbacks.ModelCheckpoint", {"prefix": "it into filename=…"}
    ),
    *keywords(
        _PL_1_5, "pytorch_lightning.callbacks.ModelCheckpoint", {"period": "every_n_epochs=…"}
    ),
    *keywords(
        _PL_1_6,
        "pytorch_lightning.callbacks.ModelCheckpoint",
        {"every_n_val_epochs": "every_n_epochs=…"},
    ),
)

_TM_0_8 = Release("torchmetrics", "0.8.0", "2022-04-15", "3.6", (("torch", "1.3.1"),))
_TM_0_11 = Release("torchmetrics", "0.11.0", "2022-11-30", "3.7", (("torch", "1.8.1"),))
_TM_1_7 = Release("torchmetrics", "1.7.0", "2025-03-20", "3.9", (("torch", "2.0.0"),))

_TASKS = (
    "AUROC", "Accuracy", "AveragePrecision", "CohenKappa", "ConfusionMatrix", "ExactMatch",
    "F1Score", "FBetaScore", "HammingDistance", "HingeLoss", "JaccardIndex", "Precision",
    "PrecisionRecallCurve", "ROC", "Recall", "Specificity", "StatScores",
)  # fmt: skip
_TASK_FUNCTIONS = (
    "accuracy", "auroc", "average_precision", "cohen_kappa", "confusion_matrix", "f1_score",
    "fbeta_score", "hamming_distance", "hinge_loss", "jaccard_index", "precision", "recall", "roc",
    "specificity", "stat_scores",
)  # fmt: skip
_TASK = 'task="multiclass", num_classes=… (or task="binary")'

_METRICS = (
    *names(
        _TM_0_8,
        {
            "torchmetrics.F1": "torchmetrics.F1Score",
            "torchmetrics.FBeta": "torchmetrics.FBetaScore",
            "torchmetrics.Hinge": "torchmetrics.HingeLoss",
            "torchmetrics.IoU": "torchmetrics.JaccardIndex",
            "torchmetrics.MatthewsCorrcoef": "torchmetrics.MatthewsCorrCoef",
            "torchmetrics.PSNR": "torchmetrics.image.PeakSignalNoiseRatio",
            "torchmetrics.SSIM": "torchmetrics.image.StructuralSimilarityIndexMeasure",
            "torchmetrics.PearsonCorrcoef": "torchmetrics.PearsonCorrCoef",
            "torchmetrics.SpearmanCorrcoef": "torchmetrics.SpearmanCorrCoef",
            "torchmetrics.WER": "torchmetrics.text.WordErrorRate",
            "torchmetrics.functional.f1": "torchmetrics.functional.f1_score",
            "torchmetrics.functional.fbeta": "torchmetrics.functional.fbeta_score",
            "torchmetrics.functional.iou": "torchmetrics.functional.jaccard_index",
        },
    ),
    *names(
        _TM_0_11,
        {
            "torchmetrics.AUC": "torchmetrics.utilities.compute.auc",
            "torchmetrics.functional.auc": "torchmetrics.utilities.compute.auc",
        },
    ),
    *names(
        _TM_1_7,
        {
            "torchmetrics.Dice": "torchmetrics.segmentation.DiceScore",
            "torchmetrics.functional.dice": "torchmetrics.functional.segmentation.dice_score",
        },
    ),
    *(
        Removal(_TM_0_11, "missing", f"torchmetrics.{name}", _TASK, "task", ("0",))
        for name in _TASKS
    ),
    *(
        Removal(_TM_0_11, "missing", f"torchmetrics.functional.{name}", _TASK, "task", ("2",))
        for name in _TASK_FUNCTIONS
    ),
)

ROWS: tuple[Removal, ...] = (
    *_TRAINER_ARGUMENTS,
    *_TRAINER_MEMBERS,
    *_HOOKS,
    *_PLUGINS,
    *_MODULES,
    *_ARGUMENTS,
    *_METRICS,
)
"""All of it."""
