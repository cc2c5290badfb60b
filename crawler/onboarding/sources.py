"""What the source of a spider says: the names and days of its layouts, and its comments."""

import ast
import io
import tokenize
from datetime import date


def name_of(one: ast.expr) -> str | None:
    """The name that a declared layout says; None if another place says it."""
    if isinstance(one, ast.Call):
        for keyword in one.keywords:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return None


def end_by_function(value: ast.expr) -> ast.expr | None:
    """The last day that a call of `outdated` gives; None of anything else."""
    if not isinstance(value, ast.Call) or ast.unparse(value.func).rpartition(".")[2] != "outdated":
        return None
    by_name = [one.value for one in value.keywords if one.arg == "until"]
    return next(iter([*by_name, *value.args[1:2]]), None)


def comments(source: str) -> list[tuple[str, int]]:
    """The comments of source that is whole, or of an expression, with their lines."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    try:
        return [(one.string, one.start[0]) for one in tokens if one.type == tokenize.COMMENT]
    except tokenize.TokenError as error:
        raise ValueError(f"it is not whole: {error.args[0]}") from error


def day_of(value: ast.expr) -> date | None:
    """The day that ``date(2026, 3, 2)`` says; None of anything else."""
    if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] == "date":
        numbers = [one.value for one in value.args if isinstance(one, ast.Constant)]
        if len(numbers) == 3 and all(isinstance(one, int) for one in numbers):
            return date(*numbers)  # type: ignore[arg-type]
    return None
