"""Tunes a small neural network on scikit-learn's handwritten digits: ASHA, several processes.

    pip install 'wazir[examples]'
    python digits.py --server localhost:8765 --workers 4

Run it in several places at once, kill workers, restart the server: the study goes on.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pickle
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import wazir


def create(client: wazir.Client, study: str, max_trials: int) -> wazir.Study:
    """Creates the study, or takes the one that is there."""
    return client.create_study(
        study,
        parameters=[
            wazir.double("learning_rate", 1e-4, 1e-1, log=True),
            wazir.double("alpha", 1e-6, 1e-1, log=True),
            wazir.integer("units", 16, 128, log=True),
            wazir.categorical("activation", ["relu", "tanh", "logistic"]),
        ],
        metrics={"accuracy": "maximize"},
        resource=("epoch", 1, 27),
        scheduler=wazir.scheduler("asha", eta=3),
        max_trials=max_trials,
        lease_duration=10,
        exist_ok=True,
    )


def work(server: str, study: str, checkpoints: str) -> None:
    """What each process does: the loop of a worker."""
    threadpool_limits(1)  # The processes share the cores already.
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(images / 16, labels, random_state=0)

    for trial in wazir.connect(server).study(study).trials(checkpoint_dir=checkpoints):
        if trial.checkpoint_path:
            model = pickle.loads(Path(trial.checkpoint_path).read_bytes())
        else:
            model = MLPClassifier(
                hidden_layer_sizes=(trial.parameters["units"],),
                learning_rate_init=trial.parameters["learning_rate"],
                alpha=trial.parameters["alpha"],
                activation=trial.parameters["activation"],
                random_state=trial.id,
            )
        for epoch in trial.steps():
            model.partial_fit(train_x, train_y, classes=range(10))
            trial.report(epoch, accuracy=model.score(test_x, test_y))
        Path(trial.checkpoint_path_to_write).write_bytes(pickle.dumps(model))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--server", default="localhost:8765", help="host:port or unix:/path")
    parser.add_argument("--study", default="digits")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--max-trials", type=int, default=40)
    parser.add_argument("--checkpoints", default="wazir-checkpoints", help="directory")
    options = parser.parse_args()

    # Not by fork: a process must not share the client's threads with another.
    processes = multiprocessing.get_context("spawn")
    with wazir.connect(options.server) as client:
        study = create(client, options.study, options.max_trials)
        arguments = (options.server, options.study, options.checkpoints)
        workers = [processes.Process(target=work, args=arguments) for _ in range(options.workers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        best = study.best()
        if best is None:
            raise SystemExit("no trial has reported anything")
        print(f"best accuracy {best.metrics['accuracy']:.4f}, trial {best.id}: {best.parameters}")


if __name__ == "__main__":
    main()
