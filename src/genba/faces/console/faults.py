"""What is wrong with an answer, in the reader's language."""

from pydantic_core import ErrorDetails

from genba.faces.console.layout import Visit

ENGLISH = {
    "missing": "Needed.",
    "int_parsing": "Give a whole number.",
    "int_from_float": "Give a whole number.",
    "float_parsing": "Give a number.",
    "finite_number": "Give a finite number.",
    "greater_than": "Must be greater than {gt}.",
    "greater_than_equal": "Must be at least {ge}.",
    "less_than": "Must be less than {lt}.",
    "less_than_equal": "Must be at most {le}.",
    "literal_error": "Choose one of {expected}.",
    "string_too_short": "Needed.",
    "string_too_long": "At most {max_length} characters.",
    "string_pattern_mismatch": "Holds characters that are not allowed.",
    "input_file": "Choose a file from the list or upload one.",
}
"""By pydantic's name of the fault, with pydantic's own placeholders."""


def fault_text(visit: Visit, fault: ErrorDetails) -> str:
    """Give the sentence for one fault; one that has no words of its own keeps pydantic's."""
    kind = fault["type"]
    if kind not in ENGLISH:
        return fault["msg"]
    arguments = {name: value for name, value in fault.get("ctx", {}).items() if name != "error"}
    return visit.say(f"console.fault.{kind}", ENGLISH[kind], **arguments)
