"""Data files: found by name and digest, fetched from a local server, and never used unverified."""

import hashlib
import http.server
import logging
import threading

import pytest

from shiftbench.errors import InputError, Skipped
from shiftbench.tasks import files as module
from shiftbench.tasks.files import Files, Source, file_digest, sources

CONTENT = b"seq\tvalue\nACGT\t1.5\n" * 50  # 950 bytes
KNOWN = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "md5": hashlib.md5(CONTENT).hexdigest()}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path: /good, /other (wrong bytes of the right length), /cut, /long, anything else 404."""

    def do_GET(self):
        self.server.asked.append(self.path)
        kind = self.path.split("/")[1]
        bodies = {"good": CONTENT, "other": CONTENT[::-1], "cut": CONTENT[:200], "long": CONTENT * 1000}
        if kind not in bodies:
            self.send_error(404)
            return
        self.send_response(200)
        if kind != "long":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(bodies[kind])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SHIFTBENCH_DATA", raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def make(server, tmp_path):
    """Maker of Files that list one file, table.tsv, at the given paths of the server."""

    def made(*paths, data_dir=None, offline=False, size=950, **digest):
        source = Source(
            name="table.tsv",
            title="a table",
            urls=tuple(f"http://127.0.0.1:{server.server_port}/{path}/table.tsv" for path in paths),
            bytes=size,
            licence="none stated",
            citation="nobody",
            **(digest or {"sha256": KNOWN["sha256"]}),
        )
        return Files(data_dir=data_dir, cache=tmp_path / "cache", offline=offline, sources={"table.tsv": source})

    return made


def left_in_cache(files):
    return [path for path in files.cache.rglob("*") if path.is_file()]


def test_missing_small_file_is_fetched_once_and_said(make, server, caplog):
    files = make("good")
    with caplog.at_level(logging.INFO, "shiftbench.data"):
        path = files.path("table.tsv")
    assert path.read_bytes() == CONTENT
    assert left_in_cache(files) == [path]
    assert [record.getMessage() for record in caplog.records] == [
        f"fetching table.tsv (950 bytes) from http://127.0.0.1:{server.server_port}/good/table.tsv"
    ]
    assert files.path("table.tsv") == path
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_each_kind_of_digest_verifies_and_refuses(make, kind):
    assert make("good", **{kind: KNOWN[kind]}).path("table.tsv").read_bytes() == CONTENT
    with pytest.raises(Skipped, match=f"{kind} of the 950 bytes is"):
        make("good", **{kind: "0" * len(KNOWN[kind])}).path("table.tsv")


def test_git_blob_digest(make, tmp_path):
    # the id that git gives to a file with the content "hello\n"
    (tmp_path / "hello").write_text("hello\n")
    assert file_digest(tmp_path / "hello", "git_blob") == "ce013625030ba8dba906f756967f9e9ca394464a"
    (tmp_path / "content").write_bytes(CONTENT)
    blob = file_digest(tmp_path / "content", "git_blob")
    assert make("good", git_blob=blob).path("table.tsv").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("other", "sha256 of the 950 bytes is .* expected "),
        ("cut", "200 bytes read|IncompleteRead|of the 200 bytes"),
        ("long", "more than the expected 950 bytes"),
        ("absent", "404"),
    ],
)
def test_wrong_answers_are_refused_and_not_kept(make, kind, said):
    files = make(kind)
    with pytest.raises(Skipped, match=said) as caught:
        files.path("table.tsv")
    assert caught.value.command == "shiftbench data fetch table.tsv"
    assert "\n" not in str(caught.value)
    assert left_in_cache(files) == []


def test_second_address_serves_when_the_first_does_not(make, server):
    assert make("absent", "other", "cut", "good").path("table.tsv").read_bytes() == CONTENT
    assert [path.split("/")[1] for path in server.asked] == ["absent", "other", "cut", "good"]


def test_offline_asks_nobody(make, server):
    files = make("good", offline=True)
    with pytest.raises(Skipped, match="neither in the data folder nor in the cache; not fetched, offline") as caught:
        files.path("table.tsv")
    assert caught.value.command == "shiftbench data fetch table.tsv"
    with pytest.raises(Skipped, match="without --offline"):
        files.fetch("table.tsv")
    assert server.asked == []


def test_large_file_is_fetched_only_by_name(make, server, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 900)
    files = make("good")
    with pytest.raises(Skipped, match="its 950 bytes are over the 900 that a run fetches by itself"):
        files.path("table.tsv")
    assert server.asked == []
    assert files.fetch("table.tsv").read_bytes() == CONTENT


def test_size_not_stated_is_fetched_only_by_name(make):
    files = make("good", size=0)
    with pytest.raises(Skipped, match="its size is not stated"):
        files.path("table.tsv")
    assert files.fetch("table.tsv").read_bytes() == CONTENT


def test_without_digest_a_file_is_listed_and_never_fetched_nor_used(make, server, tmp_path):
    (tmp_path / "table.tsv").write_bytes(CONTENT)
    files = make("good", data_dir=tmp_path, sha256="")
    assert [status.state for status in files.status()] == ["listed only"]
    for ask in (files.path, files.fetch):
        with pytest.raises(Skipped, match="no digest is known"):
            ask("table.tsv")
    assert files.fetch_all() == []
    assert server.asked == []


def test_recognised_by_digest_in_any_folder(make, server, tmp_path, monkeypatch):
    right = tmp_path / "mine" / "deep" / "er" / "table.tsv"
    right.parent.mkdir(parents=True)
    right.write_bytes(CONTENT)
    (tmp_path / "mine" / "table.tsv").write_bytes(b"another table of the same name")
    (tmp_path / "mine" / "renamed.tsv").write_bytes(CONTENT)
    assert make("good", data_dir=tmp_path / "mine", offline=True).path("table.tsv") == right
    monkeypatch.setenv("SHIFTBENCH_DATA", str(tmp_path / "mine"))
    assert make("good", offline=True).path("table.tsv") == right
    assert server.asked == []


def test_wrong_digest_is_named_in_one_line_and_not_used(make, tmp_path, caplog):
    wrong = tmp_path / "mine" / "table.tsv"
    wrong.parent.mkdir()
    wrong.write_bytes(CONTENT[:-1])
    files = make("good", data_dir=wrong.parent, offline=True)
    with pytest.raises(Skipped) as caught:
        files.path("table.tsv")
    line = str(caught.value)
    for part in (str(wrong), hashlib.sha256(CONTENT[:-1]).hexdigest(), KNOWN["sha256"], "replace or remove it"):
        assert part in line
    assert "\n" not in line
    status = files.status()[0]
    assert (status.state, str(wrong) in status.problem) == ("wrong digest", True)
    online = make("good", data_dir=wrong.parent)
    assert online.path("table.tsv").read_bytes() == CONTENT
    assert f"{wrong}: sha256 is" in caplog.text


def test_damaged_file_in_the_cache_is_replaced(make):
    files = make("good")
    files.path("table.tsv").write_bytes(CONTENT[:100])
    assert files.path("table.tsv").read_bytes() == CONTENT


def test_listing_and_fetching_of_all(make):
    files = make("good")
    (status,) = files.status()
    assert (status.state, status.bytes, status.licence) == ("missing", 950, "none stated")
    done = files.fetch_all()
    assert [(status.state, status.where, status.problem) for status in done] == [
        ("present", str(files.cache / "data" / "table.tsv"), "")
    ]
    failed = make("other", sha256="0" * 64).fetch_all(["table.tsv"])[0]
    assert failed.state == "wrong digest"
    assert "could not be fetched" in failed.problem


def test_unknown_name_and_unknown_folder(make, tmp_path):
    with pytest.raises(InputError, match=r"no data file 'tabel.tsv'; did you mean 'table.tsv'"):
        make("good").path("tabel.tsv")
    with pytest.raises(InputError, match="absent: no such folder"):
        make("good", data_dir=tmp_path / "absent").path("table.tsv")


def test_cache_that_cannot_be_made(make):
    files = make("good")
    files.cache.write_text("a file where the folder should be")
    with pytest.raises(InputError, match="set SHIFTBENCH_CACHE to another folder"):
        files.path("table.tsv")


def test_bundled_list_states_what_it_must():
    listed = sources()
    for source in listed.values():
        assert source.licence
        assert source.citation
        assert all(url.startswith("https://") for url in source.urls)
        assert source.urls
    needed = [source for source in listed.values() if source.sha256]
    assert {"ultra_joint.fa.gz", "56k_measured_file.xlsx", "elements.tsv.gz"} <= {source.name for source in needed}
    assert all(source.bytes and len(source.urls) == 2 for source in needed)


def test_real_files_have_the_listed_size_and_digest(real_data, tmp_path):
    files = Files(data_dir=real_data, cache=tmp_path, offline=True)
    for source in files.sources.values():
        if source.sha256:
            assert files.path(source.name).stat().st_size == source.bytes
