from genba.core.context import Context, at_work, working_for
from genba.num.threads import pool_of


def test_threads_work_for_the_operation_that_asked_for_them() -> None:
    context = Context()
    with at_work(context), pool_of(2) as pool:
        assert list(pool.map(lambda _: working_for(), range(3))) == [context] * 3
    with pool_of(1) as pool:
        assert pool.submit(working_for).result() is None
