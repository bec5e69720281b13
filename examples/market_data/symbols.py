"""What publisher and subscribers agree on: the streams, and the symbols."""

TICKS = "Market.Ticks"
"""A stream of the prices of one symbol, the one that a subscriber asks for."""

TICKS_KEPT = 1_500
"""How many prices of each symbol a new subscriber gets at once."""

QUOTES = "Market.Quotes"
"""A stream of the prices of all symbols."""

OPENING_PRICES = {
    "AZN": 121.34,
    "BARC": 229.1,
    "BP": 414.85,
    "GSK": 1432.5,
    "HSBA": 684.2,
    "RIO": 5021.0,
    "SHEL": 2618.5,
    "VOD": 71.42,
}
"""Made up, as all prices here."""
