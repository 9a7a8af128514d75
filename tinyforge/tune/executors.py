"""Where trials run: in processes of this machine, or wherever Dask or Ray have workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, get_args

from tinyforge.errors import ForgeError
from tinyforge.packages import DASK, RAY, pip_install
from tinyforge.spec import ExecutorChoice
from tinyforge.training.process import KilledError
from tinyforge.tune.trial import Job, Tried, run

Work = Callable[[Job], Tried]


@dataclass(frozen=True)
class Executor:
    """submit: begins a job somewhere. lost: what its future raises where whoever ran it is gone."""

    submit: Callable[[Job], Future[Tried]]
    lost: tuple[type[BaseException], ...]


@contextmanager
def opened(
    choice: ExecutorChoice, jobs: int, address: str | None = None, work: Work = run
) -> Iterator[Executor]:
    """address: of a scheduler of Dask or a head of Ray that runs already; None: workers of their
    own here, one for each of the jobs. ForgeError where the engine is not installed, or nobody is
    at the address."""
    if address is not None and choice == "local":
        raise ForgeError(
            "trials in processes of this machine have no address",
            where="--address",
            fix="give --executor dask or ray, or leave --address out",
        )
    ways = {"local": _local, "dask": _dask, "ray": _ray}
    assert set(ways) == set(get_args(ExecutorChoice))
    with ways[choice](jobs, address, work) as executor:
        yield executor


@contextmanager
def _local(jobs: int, address: str | None, work: Work) -> Iterator[Executor]:
    """A thread for each job, whose work is in a process of its own. Threads that nobody waits for:
    a search that is interrupted ends at once, and the processes with it."""
    del jobs, address

    def submit(job: Job) -> Future[Tried]:
        future: Future[Tried] = Future()
        Thread(target=_settle, args=(future, work, job), daemon=True).start()
        return future

    yield Executor(submit, (KilledError,))


def _settle(future: Future[Tried], work: Work, job: Job) -> None:
    try:
        future.set_result(work(job))
    except BaseException as error:
        future.set_exception(error)


@contextmanager
def _dask(jobs: int, address: str | None, work: Work) -> Iterator[Executor]:
    try:
        import distributed
    except ImportError as error:
        raise ForgeError("Dask is not installed", fix=pip_install(*DASK)) from error
    options: dict[str, Any] = {
        "n_workers": jobs,
        "threads_per_worker": 1,
        "dashboard_address": None,
    }
    try:
        client = distributed.Client(address, timeout=20, **({} if address else options))
    except (OSError, ValueError) as error:
        raise ForgeError(
            f"there is no scheduler of Dask: {error}", where=str(address), fix="dask scheduler"
        ) from error
    with client, client.get_executor(pure=False) as pool:
        yield Executor(lambda job: pool.submit(work, job), (KilledError, distributed.KilledWorker))


@contextmanager
def _ray(jobs: int, address: str | None, work: Work) -> Iterator[Executor]:
    try:
        import ray
    except ImportError as error:
        raise ForgeError("Ray is not installed", fix=pip_install(*RAY)) from error
    try:
        ray.init(address=address, log_to_driver=False, **({} if address else {"num_cpus": jobs}))
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ForgeError(
            f"there is no head of Ray: {error}", where=str(address), fix="ray start --head"
        ) from error
    try:
        remote = ray.remote(num_cpus=1, max_retries=3)(work)
        gone = ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError
        yield Executor(lambda job: remote.remote(job).future(), (KilledError, *gone))
    finally:
        ray.shutdown()
