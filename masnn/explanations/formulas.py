"""Every formula that the app shows, once: the page Method and each "?" take it from here."""

from __future__ import annotations

from masnn import focus
from masnn.explanations.writing import BREAK, Formula

_PAPER = "Yao et al. 2023"
_OURS = "ours, not the paper\u2019s"
_CODE = "the authors\u2019 published code"

NSFR = Formula(
    "NSFR(t)",
    r"\mathrm{NSFR}(t)",
    r"\frac{\text{spikes of all at step } t}{\text{neurons}}",
    f"{_PAPER}, Sec. 4 (there: NSAR)",
)
NASFR = Formula(
    "NASFR",
    r"\mathrm{NASFR}",
    r"\frac{1}{T}\sum_t \mathrm{NSFR}(t) = \frac{\text{spikes}}{T \cdot \text{neurons}}",
    f"{_PAPER}, Sec. 4 (there: NASAR)",
)
LASFR = Formula(
    "LASFR",
    r"\mathrm{LASFR}",
    r"\frac{\text{spikes of the layer}}{T \cdot \text{its neurons}}",
    f"{_PAPER}, Sec. 4 (there: LASAR)",
)
RESPONSE_MAP = Formula(
    "response map",
    "R(y, x)",
    r"\frac{1}{T\,C}\sum_{t,c} S[t, c, y, x]",
    f"{_PAPER}, Fig. 6",
)
VOTE = Formula(
    "vote of a class",
    r"\mathrm{vote}",
    r"\frac{\text{spikes of its outputs}}{T \cdot \text{its outputs}}",
    _CODE,
)
LATENCY = Formula(
    "latency",
    r"t^{*} \cdot \Delta t,\ t^{*}",
    rf"\min\{{t : \text{{from }} t \text{{ on, the class}}{BREAK}"
    r"\text{that leads so far stays}\}",
    _OURS,
)
FOCUS = Formula(
    "focus",
    r"\text{share}",
    r"\frac{\text{spikes where " + f"{focus.SHARE * 100:.0f}" + r"\,\% of the events are}}"
    r"{\text{all spikes}}",
    _OURS,
)
AREA = Formula(
    "area",
    r"\text{area}",
    r"\frac{\text{places where " + f"{focus.SHARE * 100:.0f}" + r"\,\% of the events are}}"
    r"{\text{all places}}",
    _OURS,
)
ENERGY = Formula(
    "energy",
    "E",
    r"E_{\mathrm{MAC}} \cdot \mathrm{MACs} + E_{\mathrm{AC}} \cdot \mathrm{ACs}",
    f"{_PAPER}, Eq. 17\u201319; counted one by one in the ledger",
)
EFFICIENCY = Formula(
    "r_EE", r"r_{\mathrm{EE}}", r"\frac{E_{\mathrm{A}}}{E_{\mathrm{B}}}", f"{_PAPER}, Eq. 19"
)

#: The numbers that the app shows throughout.
NUMBERS = (NSFR, NASFR, LASFR, RESPONSE_MAP, VOTE, LATENCY, FOCUS, AREA, ENERGY, EFFICIENCY)

CURRENT = Formula(
    "current",
    "X[t]",
    r"\mathrm{AvgPool}(\mathrm{BN}(\mathrm{Conv}(S_{\text{below}}[t])))",
    f"{_PAPER}, Sec. 3.2",
)

_STEP = f"{_PAPER}, Eq. 3\u20135 and 14"
#: One step of a neuron; a gate that is not there weighs one.
STEP = (
    Formula("integrate", "U'[t]", r"H[t-1] + g_{\mathrm{time}} \cdot X[t]", _STEP),
    Formula("weigh", "U[t]", r"g_{\mathrm{space}} \cdot g_{\mathrm{channel}} \cdot U'[t]", _STEP),
    Formula("fire", "S[t]", r"1 \text{ if } U[t] \ge u_{\mathrm{th}} \text{, else } 0", _STEP),
    Formula(
        "leak or reset",
        "H[t]",
        r"V_{\mathrm{reset}} \text{ after a spike, else } \beta\, U[t]",
        _STEP,
    ),
)

_STEP_CODE = f"{_CODE}, which differs from the paper\u2019s Eq. 3\u20135 and 14"
#: The same at the site "current".
STEP_OF_CODE = (
    Formula(
        "weigh",
        "X'[t]",
        r"\mathrm{ReLU}(g_{\mathrm{space}} \, g_{\mathrm{channel}} \, g_{\mathrm{time}} \, X[t])",
        _STEP_CODE,
    ),
    Formula("integrate", "U[t]", "H[t-1] + X'[t]", _STEP_CODE),
    Formula("fire", "S[t]", r"1 \text{ if } U[t] \ge u_{\mathrm{th}} \text{, else } 0", _STEP_CODE),
    Formula(
        "leak or reset",
        "H[t]",
        r"\beta\, u_{\mathrm{th}} \text{ after a spike, else } \beta\, U[t]",
        _STEP_CODE,
    ),
)

_GATES = r"g_{\mathrm{space}} \, g_{\mathrm{channel}} \, g_{\mathrm{time}}"
#: The same of neurons that fire from a residual block's sum of branch Y and shortcut R, by where
#: its gates act.
STEP_OF_BLOCK = {
    "branch": (
        Formula("weigh, add", "X'[t]", rf"R[t] + {_GATES} \, Y[t]", f"{_PAPER}, Eq. 15"),
        Formula("integrate", "U[t]", "H[t-1] + X'[t]", f"{_PAPER}, Eq. 3"),
        *STEP[2:],
    ),
    "sum": (
        Formula("add", "X[t]", "R[t] + Y[t]", f"{_PAPER}, Eq. 16"),
        Formula("weigh", "X'[t]", rf"{_GATES} \, X[t]", f"{_PAPER}, Eq. 16"),
        Formula("integrate", "U[t]", "H[t-1] + X'[t]", f"{_PAPER}, Eq. 3"),
        *STEP[2:],
    ),
}
#: The same of a residual network's other neurons, which no gate reaches.
STEP_UNGATED = (Formula("integrate", "U[t]", "H[t-1] + X[t]", f"{_PAPER}, Eq. 3"), *STEP[2:])

_PERCEPTRON = BREAK.join(
    (
        r"\sigma(W_1\,\mathrm{{ReLU}}(W_0\,\mathrm{{avg}}\,{of})",
        r"{{}}+ W_1\,\mathrm{{ReLU}}(W_0\,\mathrm{{max}}\,{of}))",
    )
)
#: How a gate's weights are made, by gate.
WEIGHTS = {
    "time": Formula(
        "temporal gate",
        r"g_{\mathrm{time}}",
        _PERCEPTRON.format(of="X"),
        f"{_PAPER}, Sec. 3.3, Eq. 6\u20137",
    ),
    "channel": Formula(
        "channel gate",
        r"g_{\mathrm{channel}}",
        _PERCEPTRON.format(of="U'"),
        f"{_PAPER}, Sec. 3.3, Eq. 8\u20139",
    ),
    "space": Formula(
        "spatial gate",
        r"g_{\mathrm{space}}",
        r"\sigma(\mathrm{Conv}_{k \times k}([\mathrm{avg}\,U'; \mathrm{max}\,U']))",
        f"{_PAPER}, Sec. 3.3, Eq. 10\u201311",
    ),
}
#: The same at the site "current", where every gate sees currents.
WEIGHTS_OF_CODE = {
    "time": Formula("temporal gate", r"g_{\mathrm{time}}", _PERCEPTRON.format(of="X"), _CODE),
    "channel": Formula("channel gate", r"g_{\mathrm{channel}}", _PERCEPTRON.format(of="X"), _CODE),
    "space": Formula(
        "spatial gate",
        r"g_{\mathrm{space}}",
        r"\sigma(\mathrm{Conv}_{k \times k}([\mathrm{avg}\,X; \mathrm{max}\,X]))",
        _CODE,
    ),
}

SPIKES = Formula("spikes", r"\text{spikes}", r"\sum_{t,i} S_i[t]", f"{_PAPER}, Sec. 4")
RELATIVE = Formula("relative", r"\text{relative}", r"\frac{B - A}{A}", _OURS)
DIFFERENCE = Formula("difference", r"\text{difference}", "B - A", _OURS)
MAP_DIFFERENCE = Formula(
    "difference", "D(y, x)", r"R_{\mathrm{B}}(y, x) - R_{\mathrm{A}}(y, x)", _OURS
)
FIRING_SHARE = Formula(
    "share of channels", "R[t](y, x)", r"\frac{1}{C} \sum_c S[t, c, y, x]", _OURS
)
RUNNING_VOTE = Formula(
    "vote so far",
    r"\mathrm{vote}[t]",
    r"\frac{\text{spikes of its outputs up to } t}{t \cdot \text{its outputs}}",
    _OURS,
)
VOTE_SHARE = Formula(
    "share of a class",
    r"\text{share}_k",
    rf"\frac{{e^{{z_k}}}}{{\sum_j e^{{z_j}}}}{BREAK}"
    r"{} = \frac{1}{1 + \sum_{j \neq k} e^{z_j - z_k}},\ z = \text{mean logits}",
    _CODE,
)
RUNNING_SHARE = Formula(
    "share so far",
    r"\text{share}_k[t]",
    r"\mathrm{softmax}_k\big(\tfrac{1}{t} \textstyle\sum_{s \le t} z[s]\big)",
    _OURS,
)
EVENTS = Formula(
    "events", "X[t, p, y, x]", r"\text{events of kind } p \text{ in step } t", f"{_PAPER}, Sec. 3.1"
)
STEP_EVENTS = Formula(
    "events of a step", r"\text{events}[t]", r"\sum_{p,y,x} X[t, p, y, x]", EVENTS.source
)
ALL_EVENTS = Formula("all events", r"\text{events}", r"\sum_t \text{events}[t]", EVENTS.source)
TILE = Formula(
    "tile",
    "R_c(y, x)",
    r"\frac{1}{T} \sum_t S[t, c, y, x]",
    f"after {_PAPER}, Fig. 7, which also averages over recordings",
)
CHANNEL_RATE = Formula("rate of a channel", "R_c", r"\frac{1}{H\,W} \sum_{y,x} R_c(y, x)", _OURS)
CHANNEL_DIFFERENCE = Formula(
    "difference of a channel", "D_c", r"R_{c,\mathrm{B}} - R_{c,\mathrm{A}}", _OURS
)
RANKED_RATE = Formula(
    "rate at a rank",
    "R_{(r)}",
    r"\text{the } r\text{-th highest of all } R_c",
    _OURS,
)
RANK_DIFFERENCE = Formula(
    "difference at a rank", "D_{(r)}", r"R_{(r),\mathrm{B}} - R_{(r),\mathrm{A}}", _OURS
)
BUSIEST_HALF = Formula(
    "channels of half the spikes",
    "n",
    rf"\text{{the fewest channels that}}{BREAK}\text{{hold half of the spikes}}",
    _OURS,
)
INSIDE = Formula(
    "rate inside, outside",
    r"\text{inside, outside}",
    r"\frac{\text{its spikes there}}{T \cdot \text{places}}",
    _OURS,
)
LAYER_STEP = Formula(
    "rate of a layer",
    "R[t]",
    r"\frac{\text{spikes of the layer at } t}{\text{its neurons}}",
    f"{_PAPER}, Sec. 4 (there: LASAR is its mean over t)",
)
HISTOGRAM = Formula(
    "histogram",
    "n_k",
    r"\text{neurons with } \textstyle\sum_t S[t] = k",
    _OURS,
)
NEURON_RATE = Formula("rate of a neuron", "R", r"\frac{1}{T} \sum_t S[t]", _OURS)
GAP = Formula("gap", r"\text{gap}", r"E_{\mathrm{formula}} - E_{\mathrm{comparable}}", _OURS)
ANN = Formula(
    "ANN once / B",
    r"\text{ANN once / B}",
    r"\frac{E_{\mathrm{MAC}} \cdot \text{MACs of the ANN}}{E_{\mathrm{B}}}",
    f"after {_PAPER}, Sec. 4",
)
KEPT = Formula("without", r"\text{without}", r"\text{kept} + \text{suppressed}", _OURS)
ADDED = Formula("with", r"\text{with}", r"\text{kept} + \text{enhanced}", _OURS)
MEAN_WEIGHT = Formula("mean weight", r"\bar g", r"\frac{1}{n} \sum_i g_i", _OURS)
RATE_CHANGE = Formula(
    "change of rate",
    r"\Delta_i",
    r"\frac{\text{spikes with} - \text{without}}{\text{neurons} \cdot \text{steps of } i}",
    _OURS,
)
RHO = Formula(
    "rank correlation",
    r"\rho",
    r"\frac{\mathrm{cov}(\text{rank } g, \text{rank } \Delta)}"
    r"{\mathrm{sd}(\text{rank } g)\,\mathrm{sd}(\text{rank } \Delta)}",
    "Spearman",
)
FIELD = Formula(
    "rows",
    r"[y_0, y_1)",
    r"[y_0 \cdot p - 1,\ y_1 \cdot p + 1)",
    "a 3 \u00d7 3 convolution, then pooling by p (Yao et al. 2023, Sec. 3.2)",
)
FIELD_OF_STRIDES = Formula(
    "rows",
    r"[y_0, y_1)",
    r"[y_0 \cdot s - p,\ (y_1 - 1) \cdot s - p + k)",
    "a convolution or pooling of kernel k, stride s and padding p; a shortcut reads no farther",
)
REACHES = Formula(
    "share that fires",
    r"\text{share}",
    r"\frac{\text{potentials } U \ge u_{\mathrm{th}}}{\text{neurons} \cdot T} = \mathrm{LASFR}",
    f"{_PAPER}, Eq. 4 and Sec. 4",
)

ASRV = Formula(
    "rate over the data set",
    r"\bar S[t](c, y, x)",
    r"\frac{1}{n} \sum_i S_i[t, c, y, x]",
    f"{_PAPER}, Sec. 7.3, Fig. 7\u20138",
)
MEAN_INPUT = Formula(
    "mean of what was shown",
    r"\bar X[t](c, y, x)",
    r"\frac{1}{n} \sum_i X_i[t, c, y, x]",
    f"{_PAPER}, Fig. 7\u20138, first row",
)
SILENT_CHANNEL = Formula(
    "silent",
    r"\text{silent}",
    r"\max_{y,x} \bar S[t](c, y, x) = 0",
    f"{_PAPER}, Fig. 8, where it is found by eye",
)
NEAR_ONE = Formula(
    "near one",
    r"\text{near one}",
    rf"\frac{{1}}{{H\,W}} \sum_{{y,x}} \bar S[t](c, y, x) > {focus.SATURATED}",
    f"{_PAPER}, Fig. 7, where it is found by eye; the number is ours",
)
DEVIATION = Formula(
    "deviation",
    "s",
    r"\sqrt{\frac{1}{n-1} \sum_i (\mathrm{NASFR}_i - \overline{\mathrm{NASFR}})^2}",
    f"after {_PAPER}, Sec. 7.4",
)
ACCURACY = Formula("accuracy", r"\text{accuracy}", r"\frac{\text{right}}{n}", f"{_PAPER}, Sec. 5")
MCNEMAR = Formula(
    "p",
    "p",
    r"\min(1,\ 2 \sum_{i=0}^{\min(a,b)} \binom{a+b}{i} \, 2^{-(a+b)})",
    "McNemar 1947, exact",
)
PAIRED = Formula(
    "mean difference",
    r"\bar d",
    r"\frac{1}{n} \sum_i (\mathrm{NASFR}_{\mathrm{B},i} - \mathrm{NASFR}_{\mathrm{A},i})",
    "Efron 1979: the interval is that of the bootstrap\u2019s percentiles",
)
CLASS_SPIKES = Formula(
    "spikes of a class",
    r"\text{spikes}",
    r"\frac{\text{spikes of its recordings}}{\text{its recordings}}",
    _OURS,
)
CHANNEL_BY_CLASS = Formula(
    "rate by class",
    "R_c(k)",
    r"\frac{\text{spikes of } c \text{ in recordings of } k}{n_k \cdot T\,H\,W}",
    f"after {_PAPER}, Sec. 7.3: more diverse is more selective",
)
_ISOMETRY = f"{_PAPER}, Sec. 7.1, after Chen et al. 2020"
JACOBIAN = Formula(
    "Jacobian",
    "J_j",
    r"\frac{\partial\,\text{what the shortcut carries after block } j}"
    r"{\partial\,\text{the same before it}}",
    _ISOMETRY,
)
PHI = Formula(
    "phi",
    r"\phi_j",
    rf"\mathrm{{E}}\,\tfrac{{1}}{{n}} \mathrm{{tr}}(J_j J_j^\top){BREAK}"
    r"{} = \mathrm{E}\,\tfrac{1}{n} |J_j^\top v|^2",
    _ISOMETRY,
)
VARPHI = Formula(
    "varphi",
    r"\varphi_j",
    rf"\mathrm{{E}}\,\tfrac{{1}}{{n}} \mathrm{{tr}}((J_j J_j^\top)^2) - \phi_j^2{BREAK}"
    r"{} = \mathrm{E}\,\tfrac{1}{n} |J_j J_j^\top v|^2 - \phi_j^2",
    _ISOMETRY,
)
RETURNING = Formula(
    "signal",
    "g_j",
    r"J_j^\top J_{j+1}^\top \cdots J_L^\top\, g_{L+1}",
    "the chain rule; g at the output is white noise",
)
PRODUCT = Formula(
    "product",
    r"\log_{10} \frac{|g_1|}{|g_{L+1}|}",
    r"\tfrac{1}{2} \textstyle\sum_j \log_{10} \phi_j \text{, if blocks are independent}",
    f"{_PAPER}, Lemma S1",
)
ACTIVE = Formula(
    "firing",
    r"\text{firing}",
    r"\frac{\text{spikes before the block}}{T \cdot \text{its neurons}}",
    _OURS,
)
