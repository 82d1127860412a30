import copy
import pickle

import pytest

from homeport.kernel.secret import Secret


def test_a_secret_shows_only_when_it_is_asked_to() -> None:
    secret = Secret("hunter2")

    assert secret.reveal() == "hunter2"
    assert f"{secret} {secret!r} {[secret]}" == "******** Secret('********') [Secret('********')]"


def test_an_empty_secret_is_seen_to_be_empty() -> None:
    assert not Secret("")
    assert str(Secret("")) == ""


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_secret_cannot_be_written_out_by_accident() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("a"))
    with pytest.raises(TypeError):
        copy.copy(Secret("a"))
