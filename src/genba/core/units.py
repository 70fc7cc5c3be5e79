"""Engineering units: one annotated type per quantity, carried into schema, table headers and axes."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, as the field writes it; `1` marks a dimensionless number."""

    symbol: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add `unit` to the field's JSON schema, where every face reads it."""
        return {**handler(schema), "unit": self.symbol}


Currency = Annotated[float, Unit("currency")]
CurrencyPerHour = Annotated[float, Unit("currency/h")]
DollarPerHour = Annotated[float, Unit("$/h")]
KV = Annotated[float, Unit("kV")]
KW = Annotated[float, Unit("kW")]
MVA = Annotated[float, Unit("MVA")]
MW = Annotated[float, Unit("MW")]
Metre = Annotated[float, Unit("m")]
MetrePerSecond = Annotated[float, Unit("m/s")]
MiB = Annotated[float, Unit("MiB")]
Mvar = Annotated[float, Unit("Mvar")]
One = Annotated[float, Unit("1")]
PerDay = Annotated[float, Unit("1/d")]
PerUnit = Annotated[float, Unit("p.u.")]
Percent = Annotated[float, Unit("%")]
Second = Annotated[float, Unit("s")]
SquareMetre = Annotated[float, Unit("m²")]
