"""Imports go one way, and what must be light is light: read from the source, run in a fresh one."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(p.relative_to(ROOT) for top in ("masnn", "app") for p in (ROOT / top).rglob("*.py"))


def imports_of(path, *, lazy=True):
    """Return the modules that a file imports, those inside functions only if `lazy`."""
    tree = ast.parse((ROOT / path).read_text())
    nodes = ast.walk(tree) if lazy else tree.body
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def touches(path, *prefixes, **how):
    """Return the imports of a file that lie in one of the packages."""
    return sorted(
        name
        for name in imports_of(path, **how)
        if any(name == p or name.startswith(f"{p}.") for p in prefixes)
    )


def under(folder):
    return [p for p in FILES if p.is_relative_to(folder)]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_name_their_module_in_full(path):
    # What follows reads absolute imports; a relative one would slip past it.
    nodes = ast.walk(ast.parse((ROOT / path).read_text()))
    assert not [n.lineno for n in nodes if isinstance(n, ast.ImportFrom) and n.level]


@pytest.mark.parametrize("path", under("masnn"), ids=str)
def test_the_library_knows_no_user_interface(path):
    assert not touches(path, "streamlit", "plotly", "app")


@pytest.mark.parametrize("path", under("app/figures"), ids=str)
def test_figures_are_arrays_in_and_plotly_out(path):
    assert not touches(path, "streamlit", "torch", "masnn", "app.state", "app.views")


MEMORY = tuple(
    Path("app", f"{name}.py")
    for name in (
        *("state", "runs", "waiting", "studies", "choices", "links", "pictures", "uploads"),
    )
)


@pytest.mark.parametrize("path", [p for p in under("app") if p not in MEMORY], ids=str)
def test_only_state_uses_streamlits_memory_and_the_networks(path):
    source = (ROOT / path).read_text()
    for word in ("session_state", "cache_data", "cache_resource"):
        assert word not in source
    assert not touches(path, "torch", "masnn.networks", "masnn.training", "masnn.checkpoints")


@pytest.mark.parametrize("path", under("app/views"), ids=str)
def test_views_do_not_know_each_other(path):
    others = {f"app.views.{p.stem}" for p in under("app/views")} - {f"app.views.{path.stem}"}
    assert not touches(path, *others)


# What each module may import of the package: the arrows of the layout, lowest first.
BELOW = {
    "errors": set(),
    "kinds": set(),
    "events": set(),
    "confined": set(),
    "npy_headers": set(),
    "readers": {"confined", "errors", "events", "npy_headers"},
    "archives": {"errors", "npy_headers"},
    "significance": set(),
    "whole_files": set(),
    "interrupts": set(),
    "writers": {"archives", "errors", "events"},
    "simulate": {"events", "writers"},
    "_frame_loops": set(),
    "frames": {"_frame_loops", "events"},
    "rates": set(),
    "focus": {"rates"},
    "neurons": set(),
    "attention": set(),
    "devices": {"errors"},
    "_membrane_loops": set(),
    "fused": {"_membrane_loops", "neurons"},
    "layers": {"fused", "neurons"},
    "networks": {"attention", "layers", "neurons"},
    "residual_config": {"attention", "networks", "neurons"},
    "residual": {"attention", "layers", "neurons", "residual_config"},
    "architectures": {"kinds", "networks", "residual", "residual_config"},
    "isometry": {"neurons", "residual"},
    "isometry_designs": {"residual", "residual_config"},
    "isometry_forms": {"attention", "isometry", "layers", "neurons"},
    "isometry_blocks": {"isometry", "isometry_designs", "isometry_forms", "residual"},
    "isometry_sweep": {"isometry", "isometry_designs", "residual"},
    "isometry_figure": {"isometry_designs", "report"},
    "isometry_report": {
        *("checkpoints", "errors", "isometry_blocks", "isometry_figure", "isometry_forms"),
        *("isometry_sweep", "report", "residual"),
    },
    "degradation": {
        *("evaluation", "framesets", "imagesets", "isometry_designs", "isometry_sweep", "presets"),
        *("residual", "training"),
    },
    "response": {"architectures"},
    "ablations": {"response"},
    "linkage": {"ablations", "response"},
    "neuron_trace": {"architectures", "response"},
    "equations": {"neuron_trace"},
    "receptive_field": {"architectures", "networks", "residual_config"},
    "potentials": {"response"},
    "operations": {"response"},
    "conv_operations": {"operations", "response"},
    "residual_operations": {"architectures", "operations", "residual_config", "response"},
    "energy": {"conv_operations", "kinds", "operations", "residual_operations", "response"},
    "cards": {"errors", "frames", "kinds"},
    "checkpoints": {"architectures", "cards", "errors"},
    "importers": {
        *("architectures", "attention", "cards", "checkpoints", "confined", "errors", "networks"),
        "residual_config",
    },
    "framesets": {"errors", "events", "frames", "readers"},
    "layouts": {"errors", "events", "framesets", "readers", "simulate"},
    "datasets": {"errors", "framesets", "layouts", "readers", "simulate"},
    "images": {"cards", "errors"},
    "untrusted_images": {"confined", "errors", "images", "npy_headers"},
    "digits": {"errors"},
    "augmentation": {"images"},
    "imagesets": {"augmentation", "errors", "framesets", "images"},
    "parallel": set(),
    "evaluation": {
        *("architectures", "framesets", "imagesets", "parallel", "residual", "significance"),
    },
    "training": {
        *("architectures", "augmentation", "errors", "evaluation", "framesets", "imagesets"),
        *("interrupts", "parallel", "residual", "whole_files"),
    },
    "asrv": {"energy", "focus", "significance"},
    "asrv_files": {"archives", "asrv", "energy", "errors", "significance"},
    "gathering": {
        *("architectures", "asrv", "energy", "errors", "interrupts", "parallel", "response"),
        *("sources", "whole_files"),
    },
    "sources": {"framesets", "imagesets"},
    "surveys": {
        *("architectures", "asrv", "cards", "checkpoints", "datasets", "energy", "errors"),
        *("framesets", "gathering", "images", "imagesets", "parallel", "recipes", "sources"),
    },
    "history": {"training"},
    "presets": {"kinds", "residual_config", "simulate", "training"},
    "recipes": {
        *("cards", "checkpoints", "datasets", "errors", "evaluation", "framesets", "history"),
        *("architectures", "images", "imagesets", "kinds", "parallel", "presets", "training"),
        "whole_files",
    },
    "zoo": {"attention", "cards", "checkpoints", "datasets", "presets", "recipes"},
    "tables": {"cards", "kinds", "numerals"},
    "doctor": {"events"},
    "overview": {"events"},
    "edits": {"doctor", "errors", "events", "readers"},
    "comparison": {"checkpoints", "errors", "events", "frames", "rates", "readers", "response"},
    "stills": set(),
    "clock": set(),
    "sides": {
        *("architectures", "cards", "comparison", "energy", "focus", "frames", "kinds", "rates"),
        *("receptive_field", "response", "stills"),
    },
    "sight": {
        *("architectures", "cards", "comparison", "digits", "errors", "images", "rates"),
        *("response", "sides", "stills"),
    },
    "channels": {"focus", "numerals", "response", "sides"},
    "numerals": set(),
    "contrast": {"comparison", "energy", "focus", "numerals", "rates", "response", "sides"},
    "report": {
        *("ablations", "cards", "checkpoints", "comparison", "devices", "edits", "energy"),
        *("architectures", "equations", "errors", "focus", "linkage", "neuron_trace", "potentials"),
        *("asrv", "asrv_files", "rates", "readers", "receptive_field", "response", "sides"),
        *("channels", "contrast", "images", "numerals", "overview", "sight", "stills", "surveys"),
        *("clock", "whole_files"),
    },
    "explanations": {
        *("ablations", "asrv", "comparison", "doctor", "energy", "events", "focus", "linkage"),
        *("isometry_designs", "isometry_sweep", "networks", "neuron_trace", "conv_operations"),
        *("architectures", "potentials", "rates", "receptive_field", "response", "sides"),
        *("channels", "kinds", "numerals", "significance"),
    },
    "reports": set(),
    "progress": {"training"},
    "commands": None,  # each command imports what it needs when it runs
    "option_kinds": {"errors"},
    "options": {"errors", "kinds", "option_kinds", "checkpoints", "commands", "presets", "recipes"},
    "__main__": None,  # the top: anything
}


def module_of(path):
    return path.parts[1].removesuffix(".py")


@pytest.mark.parametrize("path", [p for p in under("masnn") if module_of(p) != "__init__"], ids=str)
def test_imports_go_one_way(path):
    module = module_of(path)
    assert module in BELOW, f"say in BELOW what {module} may import"
    if BELOW[module] is not None:
        used = {name.split(".")[1] for name in touches(path, "masnn") if "." in name}
        # Names of the package itself, such as masnn.__version__, are no modules.
        used &= set(BELOW)
        assert used <= BELOW[module] | {module}


@pytest.mark.parametrize(
    "module",
    [
        "errors",
        "kinds",
        "events",
        "readers",
        "simulate",
        "writers",
        "frames",
        "rates",
        "framesets",
        "layouts",
        "datasets",
        "images",
        "imagesets",
        "digits",
        "comparison",
        "response",
        "linkage",
        "equations",
        "receptive_field",
        "potentials",
        "checkpoints",
        "asrv",
        "asrv_files",
        "reports",
        "__main__",
    ],
)
def test_these_modules_load_no_heavy_library(module):
    heavy = "{'torch', 'tonic', 'faery', 'streamlit', 'plotly', 'pandas'}"
    code = f"import sys, masnn.{module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_figures_load_without_torch_and_streamlit():
    names = ", ".join(f"app.figures.{p.stem}" for p in under("app/figures") if p.stem != "__init__")
    code = f"import sys, {names}; print(sorted({{'torch', 'streamlit'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_names_that_break_streamlit_or_say_nothing_are_not_used():
    assert not (ROOT / "app" / "pages").exists() and not (ROOT / "app" / "app.py").exists()
    empty = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not {p.stem for p in FILES} & empty


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_module_can_be_read_at_one_sitting(path):
    assert len((ROOT / path).read_text().splitlines()) <= 430


def test_the_upload_limit_stands_in_both_places():
    import tomllib

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    source = (ROOT / "app" / "uploads.py").read_text()
    assert f"MAX_UPLOAD_MB = {config['server']['maxUploadSize']}" in source
