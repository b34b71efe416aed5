"""Expense figures and a note on opportunities and parties, written by Outlay over REST.

The fields are read-only for people. They are set by two calls, each one transaction, so that a repeated or
overlapping call neither doubles nor overtakes anything:

    POST /DATABASE/rest/model/sale.opportunity/ID/outlay_cost  {"paid", "pending", "currency", "as_of"}
    POST /DATABASE/rest/model/sale.opportunity/ID/outlay_note  {"marker", "revision", "text"}

Both need the right to write the record and answer {"id", "changed", "modified_at"}.
"""
from trytond.exceptions import UserError
from trytond.model import Unique, fields
from trytond.model.exceptions import SQLConstraintError
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool, PoolMeta
from trytond.rpc import RPC
from trytond.transaction import (
    Transaction, TransactionError, without_check_access)

_readonly = {'readonly': True}


class _Again(TransactionError):
    """Another call made the note in the meantime: the server runs this one anew, which then finds it."""


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

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__rpc__['outlay_cost'] = RPC(readonly=False, instantiate=0)
        cls.__rpc__['outlay_note'] = RPC(readonly=False, instantiate=0)

    @classmethod
    def copy(cls, records, default=None):
        default = dict(default or {})
        for name in ('paid', 'pending', 'currency', 'as_of'):
            default.setdefault(f'outlay_cost_{name}', None)
        return super().copy(records, default=default)

    @classmethod
    def outlay_cost(cls, records, paid, pending, currency, as_of):
        """Sets the figures, unless they are the same or of a later moment already."""
        record = cls._outlay_take(records)
        as_of = as_of.replace(microsecond=0)
        with without_check_access():
            values = {
                'outlay_cost_paid': paid,
                'outlay_cost_pending': pending,
                'outlay_cost_currency': _currency(currency).id,
                'outlay_cost_as_of': as_of,
                }
            held, = cls.read([record.id], list(values))
            later = held['outlay_cost_as_of'] is not None and held['outlay_cost_as_of'] > as_of
            changed = not later and any(held[name] != value for name, value in values.items())
            if changed:
                cls.write([record], values)
            now, = cls.read([record.id], ['last_modified_at'])
        return {'id': record.id, 'changed': changed, 'modified_at': now['last_modified_at']}

    @classmethod
    def outlay_note(cls, records, marker, revision, text):
        """Makes or updates the one note with `marker`, unless it has this text or a later revision already."""
        Note = Pool().get('ir.note')
        record = cls._outlay_take(records)
        resource = str(record)
        with without_check_access():
            notes = Note.search([('resource', '=', resource), ('outlay_marker', '=', marker)])
            values = {'message': text, 'outlay_revision': revision}
            if not notes:
                try:
                    note, = Note.create([{**values, 'resource': resource, 'outlay_marker': marker}])
                except SQLConstraintError as error:
                    raise _Again from error
                changed = True
            else:
                note, = notes
                held = (note.outlay_revision, note.message)
                changed = note.outlay_revision <= revision and held != (revision, text)
                if changed:
                    Note.write([note], values)
            now, = Note.read([note.id], ['last_modified_at'])
        return {'id': note.id, 'changed': changed, 'modified_at': now['last_modified_at']}

    @classmethod
    def _outlay_take(cls, records):
        """The one record, which the user may write, locked until the end of the transaction."""
        record, = records
        if Transaction().check_access:
            pool = Pool()
            pool.get('ir.model.access').check(cls.__name__, mode='write')
            pool.get('ir.rule').check(cls.__name__, [record.id], mode='write')
        cls.lock([record])
        return record


class Opportunity(CostMixin, metaclass=PoolMeta):
    __name__ = 'sale.opportunity'


class Party(CostMixin, metaclass=PoolMeta):
    __name__ = 'party.party'


class Note(metaclass=PoolMeta):
    __name__ = 'ir.note'

    outlay_marker = fields.Char("Outlay Marker", states=_readonly)
    outlay_revision = fields.Integer("Outlay Revision", states=_readonly)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints.append((
                'outlay_marker_unique',
                Unique(table, table.resource, table.outlay_marker),
                'outlay_cost.msg_note_marker_unique'))

    @classmethod
    def copy(cls, notes, default=None):
        default = dict(default or {})
        default.setdefault('outlay_marker', None)
        default.setdefault('outlay_revision', None)
        return super().copy(notes, default=default)


def _currency(code):
    found = Pool().get('currency.currency').search([('code', '=', code)], limit=1)
    if not found:
        raise UserError(f"The currency {code} is not in Tryton. Add it under Currencies, then send again.")
    return found[0]
