"""Numeric fields beside the record, so that Tryton's lists and reports can sum them.

Outlay writes them over REST as totals, never as differences; people only read them.
"""
from trytond.model import fields
from trytond.modules.currency.fields import Monetary
from trytond.pool import PoolMeta

_readonly = {'readonly': True}


class CostMixin:
    __slots__ = ()

    outlay_cost_paid = Monetary(
        "Expenses Paid", currency='outlay_cost_currency',
        digits='outlay_cost_currency', states=_readonly,
        help="Expenses that were claimed for this record and paid.")
    outlay_cost_pending = Monetary(
        "Expenses Pending", currency='outlay_cost_currency',
        digits='outlay_cost_currency', states=_readonly,
        help="Expenses that were claimed for this record and not paid yet.")
    outlay_cost_currency = fields.Many2One(
        'currency.currency', "Expenses Currency", ondelete='RESTRICT',
        states=_readonly)
    outlay_cost_as_of = fields.DateTime(
        "Expenses as of", states=_readonly,
        help="When Outlay added up the expenses (UTC).")


class Opportunity(CostMixin, metaclass=PoolMeta):
    __name__ = 'sale.opportunity'

    @classmethod
    def copy(cls, opportunities, default=None):
        return super().copy(opportunities, default=_without_costs(default))


class Party(CostMixin, metaclass=PoolMeta):
    __name__ = 'party.party'

    @classmethod
    def copy(cls, parties, default=None):
        return super().copy(parties, default=_without_costs(default))


def _without_costs(default):
    default = dict(default or {})
    for name in ('paid', 'pending', 'currency', 'as_of'):
        default.setdefault(f'outlay_cost_{name}', None)
    return default
