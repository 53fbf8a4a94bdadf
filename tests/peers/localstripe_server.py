"""Starts localstripe (GPL-3, a process of its own that nothing of ours imports) on one port of 127.0.0.1, keeping
nothing on disk.

It knows fewer parameters than Stripe and refuses those that it does not know. What a test means to send is let through
here and checked elsewhere, against Stripe's own description of its API.
"""

import sys

from aiohttp import web
from localstripe import resources, server

UNKNOWN_TO_IT = ("automatic_payment_methods", "excluded_payment_method_types", "transfer_group", "description")


def _let_through(kind, names):
    original = kind.__init__

    def init(self, **given):
        for name in names:
            given.pop(name, None)
        original(self, **given)

    kind.__init__ = init


def _list_all_created(kind):
    original = kind._api_list_all.__func__
    kind._api_list_all = classmethod(lambda cls, url, created=None, **given: original(cls, url, **given))


resources.Store.dump_to_disk = lambda self: None
_let_through(resources.PaymentIntent, UNKNOWN_TO_IT)
_let_through(resources.Refund, ("reason",))
# It knows no times in the list of balance transactions: it tells all.
_list_all_created(resources.BalanceTransaction)
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
