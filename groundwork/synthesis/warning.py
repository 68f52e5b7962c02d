"""The one warning of fast synthesis: something is not as expected, so the stock way is taken."""


class StockSynthesisWarning(UserWarning):
    """A provider or the jsii runtime has another layout than fast synthesis knows; output is right, only slower."""
