"""Functions as method handlers: which of their parameters get what."""

import functools

import pytest

from dash_interop.client.running import Handler
from dash_interop.client.validation import Validation
from dash_interop.errors import InvalidArguments, RegistrationError
from dash_interop.peer.directory import Directory
from dash_interop.peer.interest import Interest
from dash_interop.peer.link import Link
from dash_interop.wire.definitions import MethodDefinition

CALLER = Directory(lambda *event: None, Interest(Link({}, []))).add_instance("p", {"user": "anna"})


def handler_of(function, accepts=None, **options):
    return Handler(MethodDefinition(name="Sum", accepts=accepts), function, **options)


def bound(function, **args):
    return handler_of(function).bind(args, CALLER).keywords


# What the parameters get


def test_parameters_get_the_arguments_of_their_names():
    def add(a, b):
        return a + b

    assert bound(add, b=2, a=1) == {"a": 1, "b": 2}
    assert add(**bound(add, b=2, a=1)) == 3


def test_args_gets_the_dict_of_all_arguments():
    def handle(args):
        return args

    args = {"a": 1, "args": 5}
    assert handler_of(handle).bind(args, CALLER).keywords == {"args": args}
    assert handler_of(handle).bind({}, CALLER).keywords == {"args": {}}


def test_caller_gets_the_instance_that_invokes():
    def handle(caller):
        return caller

    assert bound(handle, caller="an impostor")["caller"] is CALLER


def test_args_and_caller_may_stand_beside_others():
    def handle(a, caller, args, b=5):
        return a, caller, args, b

    args = {"a": 1, "c": 3}
    assert handler_of(handle).bind(args, CALLER).keywords == {
        "a": 1,
        "caller": CALLER,
        "args": args,
    }


def test_parameter_without_an_argument_keeps_its_default():
    def handle(a, b=5, *, c=6):
        return a, b, c

    assert bound(handle, a=1) == {"a": 1}
    assert handle(**bound(handle, a=1, c=7)) == (1, 5, 7)


def test_argument_that_is_null_is_one():
    def handle(a, b=5):
        return a, b

    assert bound(handle, a=None, b=None) == {"a": None, "b": None}


def test_parameter_by_name_only_gets_its_argument():
    def handle(*, a):
        return a

    assert bound(handle, a=1) == {"a": 1}


def test_arguments_that_no_parameter_is_named_after_are_ignored():
    def handle(a):
        return a

    assert bound(handle, a=1, b=2, self=3) == {"a": 1}
    assert bound(lambda: None, a=1) == {}


def test_rest_gets_the_arguments_that_no_parameter_is_named_after():
    def handle(a, caller, b=5, **rest):
        return a, b, rest

    assert handle(**bound(handle, a=1, c=3, d=None)) == (1, 5, {"c": 3, "d": None})
    assert handle(**bound(handle, a=1, rest=2)) == (1, 5, {"rest": 2})


def test_rest_beside_args_gets_the_same_again():
    def handle(args, **rest):
        return args, rest

    assert handle(**bound(handle, a=1)) == ({"a": 1}, {"a": 1})


def test_argument_called_caller_does_not_hide_the_caller_beside_rest():
    def handle(caller, args, **rest):
        return caller, args, rest

    args = {"caller": "an impostor", "args": 5, "a": 1}
    caller, all_args, rest = handler_of(handle).bind(args, CALLER)()
    assert (caller is CALLER, all_args, rest) == (True, args, {"a": 1})


def test_star_gets_nothing():
    def handle(*star, a=1):
        return star, a

    assert handle(**bound(handle, a=2, star=3)) == ((), 2)


def test_binding_leaves_the_arguments_alone():
    def handle(a, caller, **rest):
        return a, caller, rest

    args = {"a": 1, "b": 2}
    handler_of(handle).bind(args, CALLER)
    assert args == {"a": 1, "b": 2}


# What comes beside the arguments


def with_values(function, args, *values):
    handler = Handler(MethodDefinition(name="Sum"), function, values=len(values))
    return handler.bind(args, CALLER, values)()


@pytest.mark.parametrize(
    "function",
    [
        lambda args, caller, x, y: (args["a"], x, y),
        lambda args, caller, *values: (args["a"], *values),
        lambda a, x, y: (a, x, y),
        lambda a, x, y=7: (a, x, y),
        lambda x, y, *, a: (a, x, y),
        lambda x, y, **rest: (rest["a"], x, y),
        lambda a, b=5, *values: (a, *values),
        lambda a, *values, b=5, **rest: (a, *values),
        functools.partial(lambda b, a, x, y: (a, x, y), 5),
    ],
)
def test_values_go_to_the_last_parameters_in_order(function):
    assert with_values(function, {"a": 1}, "one", "two") == (1, "one", "two")


def test_value_hides_an_argument_of_the_same_name():
    assert with_values(lambda a, x: (a, x), {"a": 1, "x": 2}, "value") == (1, "value")


@pytest.mark.parametrize(
    "function, count, needed",
    [
        (lambda args, caller: None, 1, "one more parameter at the end, for the value of the"),
        (lambda caller: None, 1, "one more parameter"),
        (lambda: None, 1, "one more parameter"),
        (lambda *, a: None, 1, "one more parameter"),
        (lambda args, x: None, 2, "2 more parameters at the end, for the value of the 2 dep"),
    ],
)
def test_function_without_a_parameter_for_a_value_is_refused(function, count, needed):
    with pytest.raises(RegistrationError, match=needed):
        handler_of(function, values=count)


def test_extra_goes_to_the_parameter_of_its_name():
    def handle(a, report, b=1, **rest):
        return a, report, b, rest

    handler = handler_of(handle, extras=["report"])
    args = {"a": 1, "report": "an impostor"}
    assert handler.bind(args, CALLER, extras={"report": print})() == (1, print, 1, {})
    assert handler.definition.accepts is None


def test_function_without_a_parameter_for_an_extra_is_refused():
    with pytest.raises(RegistrationError, match="handle needs a parameter named report"):

        def handle(a):
            return a

        handler_of(handle, extras=["report"])


def test_hints_of_values_and_extras_are_no_arguments():
    def handle(a: int, report: int, offset: float) -> tuple[int, str]:
        return a, f"{offset} {report}"

    handler = handler_of(handle, values=1, extras=["report"], is_pair=True)
    assert (handler.definition.accepts, handler.definition.returns) == ("int a", "int _value")


def test_first_of_a_pair_without_a_hint_has_no_signature():
    def handle(a: int) -> int:
        return a

    assert handler_of(handle, is_pair=True).definition.returns is None


# What is missing


def test_missing_argument_is_named():
    def handle(a, b, c=1):
        return a, b, c

    with pytest.raises(InvalidArguments) as caught:
        bound(handle, a=1)
    words = "Given is a, which a parameter named args gets as a dict"
    assert str(caught.value) == f"Sum: argument b is missing. {words}"


def test_missing_arguments_are_named_in_their_order():
    def handle(b, a, caller, args, *, c):
        return a, b, c

    with pytest.raises(InvalidArguments) as caught:
        bound(handle, x=1)
    problems = "argument b is missing; argument a is missing; argument c is missing. Given is x, "
    assert str(caught.value).startswith(f"Sum: {problems}")


def test_that_nothing_is_given_is_said_in_words():
    with pytest.raises(InvalidArguments, match="argument a is missing. Given is nothing, "):
        bound(lambda a: a)


def test_many_given_arguments_are_not_all_named():
    with pytest.raises(InvalidArguments) as caught:
        bound(lambda a: a, **{f"n{number}": 1 for number in range(1000)})
    assert "n19" in str(caught.value) and "n20" not in str(caught.value)


def test_arguments_are_checked_before_they_are_handed_out():
    def handle(args):
        return args

    handler = handler_of(handle, "int a, int b", validate="strict")
    assert handler.bind({"a": 1, "b": 2}, CALLER).keywords == {"args": {"a": 1, "b": 2}}
    with pytest.raises(InvalidArguments, match="Sum: "):
        handler.bind({"a": "x", "b": 2}, CALLER)


# What may be a handler


class Adder:
    def __init__(self, a):
        self.a = a

    def __call__(self, b):
        return self.a + b

    def add(self, b):
        return self.a + b

    @classmethod
    def make(cls, a):
        return cls(a)

    @staticmethod
    def twice(b):
        return 2 * b


@pytest.mark.parametrize("function", [Adder(1), Adder(1).add, Adder.twice, lambda b: b])
def test_callable_object_method_and_lambda_are_functions(function):
    handler = handler_of(function)
    assert handler.bind({"b": 2, "self": 3}, CALLER).keywords == {"b": 2}
    assert not handler.is_async
    assert handler.bind({"b": 2}, CALLER)() in (2, 3, 4)


def test_method_of_a_class_is_a_function():
    assert handler_of(Adder.make).bind({"a": 1}, CALLER).keywords == {"a": 1}


def test_partial_function_needs_what_is_left():
    def handle(a, b, c=3):
        return a, b, c

    assert bound(functools.partial(handle, 1), a=9, b=2) == {"b": 2}
    assert bound(functools.partial(handle, b=2), a=9) == {"a": 9, "b": 2}
    with pytest.raises(InvalidArguments, match="argument b is missing"):
        bound(functools.partial(handle, 1))


def test_wrapped_function_gets_what_it_is_named_after():
    def handle(a):
        return a

    @functools.wraps(handle)
    def wrapper(*args, **kwargs):
        return handle(*args, **kwargs)

    assert bound(wrapper, a=1, b=2) == {"a": 1}


def test_builtin_whose_parameters_have_names_is_a_function():
    args = {"source": "1", "filename": "x", "mode": "eval"}
    assert bound(compile, **args, x=1) == args


@pytest.mark.parametrize("function", [len, abs, (lambda a, /: a), (lambda a, /, b: b)])
def test_parameter_that_takes_no_argument_by_name_is_refused(function):
    with pytest.raises(RegistrationError, match="has to be one that takes its argument by name"):
        handler_of(function)


def test_refused_parameter_is_named():
    def handle(first, /, second):
        return first, second

    with pytest.raises(RegistrationError, match="the parameter first of .*handle has to be"):
        handler_of(handle)


@pytest.mark.parametrize("function", [min, max])
def test_builtin_that_does_not_tell_its_parameters_is_refused(function):
    with pytest.raises(RegistrationError, match="wrap it in a function"):
        handler_of(function)


@pytest.mark.parametrize("function", [None, 5, "compile", {}, [compile]])
def test_what_is_no_function_is_refused(function):
    with pytest.raises(RegistrationError, match="a handler has to be a function, not"):
        handler_of(function)


async def yields_and_awaits(a):
    yield a


def yields(a):
    yield a


class Yields:
    def __call__(self, a):
        yield a


@pytest.mark.parametrize(
    "function", [yields, yields_and_awaits, Yields(), functools.partial(yields, a=1)]
)
def test_function_that_yields_is_refused(function):
    with pytest.raises(RegistrationError, match="yields, and a method has one result: return it"):
        handler_of(function)


@pytest.mark.parametrize("cls", [Adder, dict])
def test_class_is_refused(cls):
    with pytest.raises(RegistrationError, match=f"not the class {cls.__name__}"):
        handler_of(cls)


def test_parameter_that_no_accepted_argument_is_named_after_is_refused():
    def add(x, y=1):
        return x, y

    with pytest.raises(RegistrationError) as caught:
        handler_of(add, "double a, double b")
    assert "add needs the argument x, and Sum accepts a, b only" in str(caught.value)
    handler_of(add, "double x")
    handler_of(lambda a, caller, args, y=1: None, "double a, double b")
    handler_of(add, "")


# Plain or async


async def coroutine_function(a):
    return a


class AsyncAdder:
    async def __call__(self, a):
        return a

    async def add(self, a):
        return a


@pytest.mark.parametrize(
    "function",
    [
        coroutine_function,
        AsyncAdder(),
        AsyncAdder().add,
        functools.partial(coroutine_function, a=1),
        functools.partial(AsyncAdder().add),
        functools.partial(AsyncAdder()),
    ],
    ids=["function", "object", "method", "partial", "partial method", "partial object"],
)
def test_async_function_is_known_as_one(function):
    handler = handler_of(function)
    assert handler.is_async
    assert handler.bind({"a": 2}, CALLER).keywords == {"a": 2}


@pytest.mark.parametrize("function", [Adder(1), Adder.make, compile, lambda: None])
def test_plain_function_is_known_as_one(function):
    assert not handler_of(function).is_async


def test_name_of_a_handler_says_which_function_it_is():
    assert handler_of(Adder.twice).name == "Adder.twice"
    assert "partial" in handler_of(functools.partial(coroutine_function)).name


def test_definition_that_cannot_travel_is_refused_before_it_is_kept():
    with pytest.raises(RegistrationError, match="cannot travel"):
        Validation(MethodDefinition(name="Sum", description="\ud800"))
