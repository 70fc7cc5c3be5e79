"""Threads that work for the operation that asks for them: what they wait for is told where it is told."""

from concurrent.futures import ThreadPoolExecutor

from genba.core.context import work_for, working_for


def pool_of(threads: int) -> ThreadPoolExecutor:
    """Give so many threads."""
    return ThreadPoolExecutor(threads, initializer=work_for, initargs=(working_for(),))


__all__ = ["pool_of"]
