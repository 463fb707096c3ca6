"""Secrets of rounds: who may read them, what binds them, and that they are found nowhere."""

import base64
import io
import json
import zipfile
from itertools import chain

import msgspec
import numpy as np
import pandas as pd
import pytest

from leaderboard.rounds import secret as secrets
from leaderboard.rounds import truth
from leaderboard.rounds.secret import BYTES, check, commitment, create, derived, read
from shiftbench.errors import InputError
from shiftbench.tasks import round as data
from simulators.random import key
from tests.leaderboard import rounds as playing

TERMS = playing.terms(worlds=10)


def test_a_secret_is_new_has_256_bits_and_is_for_its_owner_alone(tmp_path):
    public = tmp_path / "public"
    made = {create(tmp_path / f"secret{number}", public) for number in range(50)}
    assert len(made) == 50
    assert {len(secret) for secret in made} == {BYTES}
    bits = np.unpackbits(np.frombuffer(b"".join(made), np.uint8))
    assert abs(bits.mean() - 0.5) < 3.9 * 0.5 / np.sqrt(bits.size)  # false alarms 1e-4
    path = tmp_path / "secret0"
    assert path.stat().st_mode & 0o777 == 0o600
    assert read(path) in made
    before = path.read_bytes()
    with pytest.raises(InputError, match="serves once"):
        create(path, public)
    assert path.read_bytes() == before
    with pytest.raises(InputError, match="published"):
        create(public / "deep" / "secret", public)


def test_a_commitment_binds_every_bit_of_the_secret_and_every_term():
    secret = bytes(range(BYTES))
    bound = commitment(secret, TERMS)
    check(secret, TERMS, bound, "round.json")
    flipped = [(int.from_bytes(secret, "big") ^ 1 << bit).to_bytes(BYTES, "big") for bit in range(8 * BYTES)]
    changes = {"practice": False, "id": "other", "suite": "shift", "opens": TERMS.opens.replace(year=2024),
               "seeds": (1,), "closes": TERMS.closes.replace(year=2026)}  # fmt: skip
    numbers = [name for name in TERMS.__struct_fields__ if name not in changes]
    others = [msgspec.structs.replace(TERMS, **{name: value}) for name, value in changes.items()]
    others += [msgspec.structs.replace(TERMS, **{name: getattr(TERMS, name) + 1}) for name in numbers]
    found = [commitment(other, TERMS) for other in flipped] + [commitment(secret, other) for other in others]
    assert len({bound, *found}) == 1 + 256 + len(TERMS.__struct_fields__)
    for other, terms in chain(((one, TERMS) for one in flipped), ((secret, one) for one in others)):
        with pytest.raises(InputError, match="commitment"):
            check(other, terms, bound, "round.json")


def test_what_is_derived_is_of_one_purpose_and_one_round():
    secret = bytes(range(BYTES))
    other = msgspec.structs.replace(TERMS, id="other")
    found = {derived(secret, terms, f"world {n}", purpose)
             for terms in (TERMS, other) for n in range(100) for purpose in ("rows", "order", "labels")}  # fmt: skip
    assert len(found) == 600
    assert {len(one) for one in found} == {16}


def planted(n, tmp_path):
    """Texts of all refusals that `n` planted secrets go through, and the secrets."""
    rng = np.random.default_rng(33)
    kept, said = [rng.bytes(BYTES) for _ in range(n)], []
    path, reveal = tmp_path / "secret", tmp_path / "reveal.json"
    for number, secret in enumerate(kept):
        bound = commitment(kept[number - 1], TERMS)
        for text in (secret.hex()[:-1], secret.hex() + "00", secret.hex() + "x", f"secret {secret.hex()}"):
            path.write_text(text)
            with pytest.raises(InputError) as refused:
                read(path)
            said.append(str(refused.value))
        reveal.write_text(json.dumps({"secret": [secret.hex()]}))
        path.write_text(secret.hex())
        for fails in (
            lambda secret=secret, bound=bound: check(secret, TERMS, bound, path),
            lambda: create(path, tmp_path / "public"),
            lambda: create(path, tmp_path),
            lambda: read(reveal),
        ):
            with pytest.raises(InputError) as refused:
                fails()
            said.append(str(refused.value))
    return kept, "\n".join(said)


def test_no_refusal_tells_a_secret(tmp_path):
    kept, said = planted(100, tmp_path)
    assert said.count("\n") == 8 * 100 - 1
    assert found_in(said.encode(), chain.from_iterable(map(spelled, kept))) == 0
    assert found_in(said.encode() + kept[7].hex().encode(), chain.from_iterable(map(spelled, kept))) > 0


def spelled(secret):
    """A secret as bytes, hex and base64, either way round, and halves of it."""
    for one in (secret, secret[::-1], secret[: BYTES // 2], secret[BYTES // 2 :]):
        yield from (one, one.hex().encode(), one.hex().upper().encode(), base64.b64encode(one).rstrip(b"="))


def found_in(heap, needles):
    return sum(needle in heap for needle in needles)


def unpacked(folder):
    """All bytes below a folder, archives and tables opened as well."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.read_bytes()
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    yield from map(archive.read, archive.namelist())
            if path.suffix == ".parquet":
                text = io.StringIO()
                pd.read_parquet(path).to_csv(text)
                yield text.getvalue().encode()


def hidden_of(played):
    """What must not be seen before the reveal: the secret and all that is derived from it, and what rows measured."""
    secret, terms = played.secret, data.opening(data.located(played.folder)).terms
    yield from spelled(secret)
    for number, world in enumerate(truth.worlds(played.folder, secret)):
        identity = world.source.program.identity
        yield from (identity.encode(), bytes.fromhex(identity))
        for purpose in ("rows", "order", "labels", "decoys", "attempt 0"):
            one = derived(secret, terms, f"world {number}", purpose)
            yield from (one, one.hex().encode())
        for kind in world.kinds:
            exact = kind.sample.truth
            for values in (kind.sample.observed, exact.mean, exact.expected, exact.sd):
                yield from (row.tobytes() for row in np.asarray(values, np.float32))
        yield from (row.tobytes() for row in world.canaries.labels)


def test_nothing_that_is_seen_before_the_reveal_holds_the_secret_or_a_label(played):
    needles = [*dict.fromkeys(hidden_of(played))]
    assert len(needles) > 1000
    folders = (played.folder, played.run, played.store, played.entries)
    heap = b"\0".join([played.said.encode(), *chain.from_iterable(map(unpacked, folders))])
    assert len(heap) > 500_000
    assert found_in(heap, needles) == 0
    # What was put there on purpose is found, each of it.
    sown = needles[:: len(needles) // 1000][:1000]
    assert found_in(heap + b"\0".join(sown), sown) == len(sown)


def identities(secret, terms, worlds=2):
    """Identity of each world of a round as first drawn, from which all of its mechanism follows."""
    seeds = [derived(secret, terms, f"world {number}", "attempt 0") for number in range(worlds)]
    return {identity(seed) for seed in seeds}


def identity(seed):
    return key(seed, "mpra", "world", "identity").tobytes().hex()


def guessed(wanted, terms, n):
    """How many of `wanted` identities come out of `n` small guesses: as seeds of a world, and as secrets of a round."""
    hits = set()
    for guess in range(n):
        hits.add(identity(guess))
        hits |= identities(guess.to_bytes(BYTES, "little"), terms, worlds=1)
    return len(hits & wanted)


def test_worlds_are_not_found_by_guessing_small_seeds(played):
    terms = data.opening(data.located(played.folder)).terms
    wanted = {world.source.program.identity for world in truth.worlds(played.folder, played.secret)}
    assert wanted & identities(played.secret, terms)  # drawn at the first attempt
    assert guessed(wanted, terms, 2**12) == 0
    weak = (1234).to_bytes(BYTES, "little")
    assert guessed(identities(weak, terms), terms, 2**12) == 1
    assert secrets.BYTES * 8 == 256
