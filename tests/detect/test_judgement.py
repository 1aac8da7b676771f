"""What all evidence of the hour says together."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect import judgement
from pipeline.detect.evidence.pile_on import ThreadEvidence
from pipeline.detect.judgement import FEATURES, RAISING, SHIPPED, shipped
from pipeline.detect.state.entity import EntityState

VALUES = st.floats(-5.0, 15.0)


def test_the_shipped_judgement_names_the_command_that_makes_it() -> None:
    model = shipped()
    assert model.made_by.startswith("python -m benchmarks.detection.fit_judgement")
    columns = msgspec.json.decode(SHIPPED.read_bytes())["forest"]
    assert max(columns["feature"]) < len(FEATURES) == len(RAISING)


@given(st.lists(VALUES, min_size=len(FEATURES), max_size=len(FEATURES)), st.integers(0, 21), st.floats(0.0, 10.0))
def test_more_evidence_never_lowers_it(x: list[float], which: int, by: float) -> None:
    forest = shipped().forest
    more = [value + by * (place == which and RAISING[place]) for place, value in enumerate(x)]
    assert forest.predict(tuple(more)) >= forest.predict(tuple(x)) - 1e-9


def test_it_looks_at_what_it_was_fitted_on() -> None:
    s = EntityState()
    assert len(judgement.features(s, None, 0.0, 0.0)) == len(FEATURES)
    named = dict(
        zip(FEATURES, judgement.features(s, ThreadEvidence(0, 0, evidence=3.0, negative=4), 2.0, 1.0), strict=True)
    )
    assert (named["pile_on"], named["surge"], named["thread_evidence"]) == (2.0, 1.0, 3.0)
    assert named["usual_share"] == s.baseline.p0


@pytest.mark.torch  # the extra that training needs brings scikit-learn too
def test_a_fitted_classifier_becomes_plain_numbers_that_answer_alike() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    from benchmarks.detection.forests import of_classifier

    rng = np.random.default_rng(4)
    x = rng.normal(size=(800, 3)).round(2)
    y = (x[:, 0] + x[:, 1] ** 2 + rng.normal(size=800) > 1.0).astype(int)
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=6).fit(x, y)
    made = of_classifier(model, zero=0.5).forest()
    assert [made.predict(tuple(map(float, row))) for row in x[:200]] == pytest.approx(
        model.decision_function(x[:200]) - 0.5, abs=1e-3
    )
