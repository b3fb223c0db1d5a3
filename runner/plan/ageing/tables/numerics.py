"""NumPy, SciPy, pandas and scikit-learn."""

from __future__ import annotations

from runner.plan.ageing.rules import Release, Removal, keywords, names

_NP_1_24 = Release("numpy", "1.24.0", "2022-12-18", "3.8")
_NP_1_23 = Release("numpy", "1.23.0", "2022-06-22", "3.8")
_NP_2_0 = Release("numpy", "2.0.0", "2024-06-16", "3.9")
_NP_2_4 = Release("numpy", "2.4.0", "2025-12-20", "3.11")

_NUMPY = (
    *names(_NP_1_23, {"numpy.asscalar": "array.item()", "numpy.alen": "len(array)"}),
    *names(
        _NP_1_24,
        {
            "numpy.int": "int",
            "numpy.float": "float",
            "numpy.object": "object",
            "numpy.str": "str",
            "numpy.complex": "complex",
            "numpy.unicode": "str",
            "numpy.typeDict": "numpy.sctypeDict",
        },
    ),
    # these names were given to other types, which take the place of the old ones
    *(
        Removal(_NP_1_24, "name", name, told, back="2.0.0")
        for name, told in {"numpy.bool": "bool", "numpy.long": "int"}.items()
    ),
    *names(
        _NP_2_0,
        {
            "numpy.Inf": "numpy.inf",
            "numpy.Infinity": "numpy.inf",
            "numpy.infty": "numpy.inf",
            "numpy.PINF": "numpy.inf",
            "numpy.NINF": "-numpy.inf",
            "numpy.NaN": "numpy.nan",
            "numpy.NAN": "numpy.nan",
            "numpy.PZERO": "0.0",
            "numpy.NZERO": "-0.0",
            "numpy.bool8": "numpy.bool_",
            "numpy.float_": "numpy.float64",
            "numpy.complex_": "numpy.complex128",
            "numpy.cfloat": "numpy.complex128",
            "numpy.singlecomplex": "numpy.complex64",
            "numpy.longfloat": "numpy.longdouble",
            "numpy.string_": "numpy.bytes_",
            "numpy.unicode_": "numpy.str_",
            "numpy.object0": "numpy.object_",
            "numpy.product": "numpy.prod",
            "numpy.cumproduct": "numpy.cumprod",
            "numpy.sometrue": "numpy.any",
            "numpy.alltrue": "numpy.all",
            "numpy.round_": "numpy.round",
            "numpy.msort": "numpy.sort(array, axis=0)",
            "numpy.mat": "numpy.asmatrix",
            "numpy.asfarray": "numpy.asarray(array, dtype=float)",
            "numpy.cast": "array.astype(dtype)",
            "numpy.find_common_type": "numpy.result_type",
            "numpy.issubclass_": "issubclass",
            "numpy.issubsctype": "numpy.issubdtype",
            "numpy.sctypes": None,
            "numpy.maximum_sctype": None,
            "numpy.obj2sctype": "numpy.dtype(…).type",
            "numpy.safe_eval": "ast.literal_eval",
            "numpy.recfromcsv": 'numpy.genfromtxt(…, delimiter=",")',
            "numpy.recfromtxt": "numpy.genfromtxt",
            "numpy.source": "inspect.getsource",
            "numpy.disp": "print",
            "numpy.who": None,
            "numpy.lookfor": None,
            "numpy.nbytes": "numpy.dtype(…).itemsize",
            "numpy.AxisError": "numpy.exceptions.AxisError",
            "numpy.ComplexWarning": "numpy.exceptions.ComplexWarning",
            "numpy.RankWarning": "numpy.exceptions.RankWarning",
            "numpy.VisibleDeprecationWarning": "numpy.exceptions.VisibleDeprecationWarning",
        },
    ),
    *names(_NP_2_4, {"numpy.trapz": "numpy.trapezoid", "numpy.in1d": "numpy.isin"}),
)

_SP_1_3 = Release("scipy", "1.3.0", "2019-05-17", "3.5", (("numpy", "1.13.3"),))
_SP_1_12 = Release("scipy", "1.12.0", "2024-01-20", "3.9", (("numpy", "1.22.4"),))
_SP_1_14 = Release("scipy", "1.14.0", "2024-06-24", "3.10", (("numpy", "1.23.5"),))

_SCIPY = (
    *names(
        _SP_1_3,
        {
            "scipy.misc.imread": "imageio.imread",
            "scipy.misc.imsave": "imageio.imwrite",
            "scipy.misc.imresize": "PIL.Image.fromarray(…).resize(…)",
            "scipy.misc.imshow": "matplotlib.pyplot.imshow",
            "scipy.misc.imrotate": "PIL.Image.fromarray(…).rotate(…)",
            "scipy.misc.toimage": "PIL.Image.fromarray",
            "scipy.misc.fromimage": "numpy.asarray(image)",
            "scipy.misc.bytescale": None,
        },
    ),
    *names(_SP_1_12, {"scipy.stats.binom_test": "scipy.stats.binomtest"}),
    *names(
        _SP_1_14,
        {
            "scipy.integrate.simps": "scipy.integrate.simpson",
            "scipy.integrate.trapz": "scipy.integrate.trapezoid",
            "scipy.integrate.cumtrapz": "scipy.integrate.cumulative_trapezoid",
        },
    ),
)

_PD_2_0 = Release("pandas", "2.0.0", "2023-04-03", "3.8", (("numpy", "1.20.3"),))

_PANDAS = (
    *names(
        _PD_2_0,
        {
            "pandas.np": "import numpy as np",
            "pandas.datetime": "datetime.datetime",
            "pandas.Int64Index": "pandas.Index",
            "pandas.UInt64Index": "pandas.Index",
            "pandas.Float64Index": "pandas.Index",
            "pandas.util.testing": "pandas.testing",
            "pandas.io.json.json_normalize": "pandas.json_normalize",
        },
    ),
    *keywords(
        _PD_2_0,
        "pandas.read_csv",
        {
            "error_bad_lines": 'on_bad_lines="skip"',
            "warn_bad_lines": 'on_bad_lines="warn"',
            "squeeze": '.squeeze("columns") after the call',
            "mangle_dupe_cols": None,
            "prefix": None,
        },
    ),
    *(
        Removal(_PD_2_0, "member", f"pandas.{maker}", told, member)
        for maker in ("DataFrame", "read_csv")
        for member, told in {
            "append": "pandas.concat([frame, other])",
            "iteritems": "items()",
            "mad": "(frame - frame.mean()).abs().mean()",
            "lookup": None,
        }.items()
    ),
)

_SK_0_23 = Release("scikit-learn", "0.23.0", "2020-05-12", "3.6", (("numpy", "1.13.3"),))
_SK_0_24 = Release("scikit-learn", "0.24.0", "2020-12-22", "3.6", (("numpy", "1.13.3"),))
_SK_1_2 = Release("scikit-learn", "1.2.0", "2022-12-08", "3.8", (("numpy", "1.17.3"),))
_SK_1_4 = Release("scikit-learn", "1.4.0", "2024-01-18", "3.9", (("numpy", "1.19.5"),))
_SK_1_6 = Release("scikit-learn", "1.6.0", "2024-12-09", "3.9", (("numpy", "1.19.5"),))

_SKLEARN = (
    *names(
        _SK_0_23,
        {
            "sklearn.externals.joblib": "import joblib",
            "sklearn.externals.six": "import six",
            "sklearn.metrics.jaccard_similarity_score": "sklearn.metrics.jaccard_score",
        },
    ),
    *names(
        _SK_0_24,
        {
            "sklearn.utils.testing": "numpy.testing",
            "sklearn.datasets.samples_generator": "sklearn.datasets",
            "sklearn.linear_model.base": "sklearn.linear_model",
            "sklearn.neighbors.base": "sklearn.neighbors",
            "sklearn.tree.tree": "sklearn.tree",
            "sklearn.ensemble.forest": "sklearn.ensemble",
            "sklearn.cluster.k_means_": "sklearn.cluster",
            "sklearn.metrics.scorer": "sklearn.metrics",
            "sklearn.preprocessing.data": "sklearn.preprocessing",
        },
    ),
    *names(
        _SK_1_2,
        {
            "sklearn.datasets.load_boston": "sklearn.datasets.fetch_california_housing",
            "sklearn.metrics.plot_confusion_matrix": (
                "sklearn.metrics.ConfusionMatrixDisplay.from_estimator"
            ),
            "sklearn.metrics.plot_roc_curve": "sklearn.metrics.RocCurveDisplay.from_estimator",
            "sklearn.metrics.plot_precision_recall_curve": (
                "sklearn.metrics.PrecisionRecallDisplay.from_estimator"
            ),
            "sklearn.inspection.plot_partial_dependence": (
                "sklearn.inspection.PartialDependenceDisplay.from_estimator"
            ),
        },
    ),
    *keywords(_SK_1_4, "sklearn.preprocessing.OneHotEncoder", {"sparse": "sparse_output=…"}),
    *keywords(_SK_1_4, "sklearn.ensemble.AdaBoostClassifier", {"base_estimator": "estimator=…"}),
    *keywords(_SK_1_4, "sklearn.ensemble.BaggingClassifier", {"base_estimator": "estimator=…"}),
    *keywords(
        _SK_1_6,
        "sklearn.metrics.mean_squared_error",
        {"squared": "sklearn.metrics.root_mean_squared_error"},
    ),
)

ROWS: tuple[Removal, ...] = (*_NUMPY, *_SCIPY, *_PANDAS, *_SKLEARN)
"""All of it."""
