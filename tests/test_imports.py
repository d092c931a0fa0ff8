"""The structure of the code: who may import whom, and what no file may hold."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("tiefvision", "stages")
    for path in (ROOT / folder).rglob("*.py")
)

LAYERS = (
    {"errors", "escaping", "groups", "version", "weights", "wording"},
    {"records"},
    {"ahead", "boxes", "devices", "extras", "files", "machine", "progress", "storage"},
    {"photos", "engines"},
    {"datasets", "encoders", "evaluation", "store", "index"},
    {"augmenting", "networks", "training"},
    {"locating", "ranking", "distilling"},
    {"triplets", "workspace"},
    {"labels"},
    {"models", "report", "exporting", "jobs"},
    {"tuning", "catalogue"},
    {"judging"},
    {"doctor", "finder"},
    {"web"},
    {"benchmarks"},
    {"cli"},
    {"stages"},
)
"""From the vocabulary up: a part imports itself and parts of lower layers."""

ONLY = {
    "lmdb": {"store"},
    "nmslib": {"index"},
    "hnswlib": {"benchmarks"},
    "faiss": {"benchmarks"},
    "usearch": {"benchmarks"},
    "typer": {"cli", "stages"},
    "rich": {"cli", "progress"},
    "openvino": {"engines"},
    "torch": {
        *("augmenting", "benchmarks", "devices", "distilling", "encoders", "engines"),
        *("judging", "locating", "machine", "networks", "training", "triplets"),
        *("tuning", "workspace"),
    },
    "torchvision": {"encoders"},
    "timm": {"encoders"},
    "open_clip": {"encoders"},
    "tokenizers": {"encoders"},
    "scipy": {"datasets", "evaluation", "locating", "photos", "ranking"},
    "sklearn": {"evaluation"},
    "jinja2": {"report", "web"},
    "markupsafe": {"report"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "pydantic": {"web"},
    "prometheus_client": {"web"},
    "uvicorn": {"cli"},
    "filelock": {"store"},
    "sqlite3": {"exporting", "labels"},
    "ray": {"catalogue"},
    "cv2": {"ranking", "workspace"},
    "onnx": {"engines"},
    "pyarrow": {"datasets", "exporting"},
    "qdrant_client": {"exporting"},
    "pymilvus": {"exporting"},
    "milvus_lite": {"exporting"},
    "psycopg": {"exporting"},
    "pickle": set(),
    "shelve": set(),
    "marshal": set(),
}
"""Libraries that are the business of some parts alone."""

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60


def part_of(path):
    """The part that a file belongs to: a package or module of tiefvision, or stages."""
    if path.parts[0] == "stages":
        return "stages"
    return path.parts[1].removesuffix(".py")


def layer_of(part):
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


@functools.cache  # six tests read every file
def tree_of(path):
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported_names(tree):
    """Dotted names of everything imported, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import would slip through here, and through the fingerprint of
            # the code that tells whether an artifact is out of date.
            assert not node.level, f"line {node.lineno}: a relative import"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            yield from (
                item.value for item in node.args if isinstance(item, ast.Constant)
            )


@functools.cache
def imports_of(path):
    """Dotted names of everything that a file imports."""
    return tuple(imported_names(tree_of(path)))


def project_parts(tree):
    for name in imported_names(tree):
        first, *rest = name.split(".")
        if first == "stages":
            yield "stages"
        elif first == "tiefvision":
            yield rest[0]


def each_file(*left_out):
    paths = [path for path in FILES if path.as_posix() not in left_out]
    return pytest.mark.parametrize("path", paths, ids=Path.as_posix)


def test_every_part_has_one_layer():
    # "__init__" and "__main__" are the doors of the package, not parts of it.
    parts = {part_of(path) for path in FILES} - {"__init__", "__main__"}
    listed = [part for layer in LAYERS for part in layer]
    assert sorted(parts) == sorted(listed)


@each_file("tiefvision/__init__.py", "tiefvision/__main__.py")
def test_imports_go_down_the_layers(path):
    part = part_of(path)
    for other in project_parts(tree_of(path)):
        assert other == part or layer_of(other) < layer_of(part), (
            f"{path} ({part}) imports {other}, which does not lie below it"
        )


def test_the_package_offers_the_front_door_and_its_command_line():
    parts = {
        name: set(project_parts(tree_of(Path("tiefvision") / f"__{name}__.py")))
        for name in ("init", "main")
    }
    front = {"version", "finder", "records", "catalogue", "errors"}
    assert parts == {"init": front, "main": {"cli"}}


@each_file()
def test_a_library_is_imported_where_it_belongs(path):
    part = part_of(path)
    for name in imports_of(path):
        library = name.split(".")[0]
        assert part in ONLY.get(library, {part}), f"{path} imports {library}"


@pytest.mark.parametrize("library", ONLY)
def test_no_part_is_named_that_does_not_import_the_library(library):
    importing = {
        part_of(path)
        for path in FILES
        for name in imports_of(path)
        if name.split(".")[0] == library
    }
    assert importing == ONLY[library]


@each_file()
def test_nothing_is_unpickled_and_the_library_does_not_print_or_exit(path):
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        assert text not in ("eval", "exec"), f"{path}:{node.lineno}"
        if text == "torch.load":  # a pickle, of which only tensors may be read
            assert "weights_only=True" in ast.unparse(node), f"{path}:{node.lineno}"
        if part_of(path) not in ("cli", "stages", "__main__"):
            said = text in ("print", "exit", "quit", "sys.exit", "os._exit")
            assert not said, f"{path}:{node.lineno} calls {text}"
        if text in ("np.load", "numpy.load"):
            assert "allow_pickle=True" not in ast.unparse(node)


@each_file()
def test_public_things_have_docstrings_and_files_are_short(path):
    tree = tree_of(path)
    assert ast.get_docstring(tree), f"{path} has no docstring"
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{path} has {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = body_lines(node)
            assert length <= MOST_LINES_OF_A_FUNCTION, f"{path}: {node.name}, {length}"


def body_lines(node):
    """Lines of a function without its docstring."""
    assert node.end_lineno
    documented = ast.get_docstring(node, clean=False) is not None
    text = node.body[0]
    described = (text.end_lineno or 0) - text.lineno + 1 if documented else 0
    return node.end_lineno - node.lineno + 1 - described


def test_the_rules_would_notice():
    """Each rule fails on code that breaks it."""
    lazy = ast.parse("def f():\n    from tiefvision.cli.running import say")
    assert list(project_parts(lazy)) == ["cli"]
    assert list(project_parts(ast.parse("from tiefvision import boxes"))) == ["boxes"]
    assert list(project_parts(ast.parse("import stages.runner"))) == ["stages"]
    called = ast.parse("importlib.import_module('nmslib')")
    assert list(imported_names(called)) == ["nmslib"]
    with pytest.raises(AssertionError, match="relative"):
        list(imported_names(ast.parse("from . import boxes")))
    function = ast.parse("def f():\n    '''One\n    two.'''\n    return 1").body[0]
    assert body_lines(function) == 2


WRITES_FILES = (
    "tiefvision/files.py",
    "tiefvision/index/hnsw.py",  # to a file in memory, for NMSLIB
    "tiefvision/benchmarks/street.py",  # photographs in a temporary folder
    "tiefvision/jobs/starting.py",  # a log, which grows
)


@each_file(*WRITES_FILES)
def test_every_file_is_written_by_the_one_function(path):
    assert list(writing_calls(tree_of(path))) == [], path


def writing_calls(tree):
    """Calls that write, copy or move a file of their own accord."""
    names = ("write_text", "write_bytes", "copyfile", "copy2", "copytree", "move")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rsplit(".", 1)[-1]
            modes = [*node.args, *(word.value for word in node.keywords)]
            texts = [one.value for one in modes if isinstance(one, ast.Constant)]
            opens = name == "open" and {"w", "wb", "a", "ab", "x"} & set(texts)
            if name in names or opens:
                yield node.lineno


def test_a_call_that_writes_is_noticed():
    found = writing_calls(ast.parse("path.write_text(a)\nopen(path, 'wb')\nopen(path)"))
    assert list(found) == [1, 2]
