"""Fills a migrated BottleCRM with its own demo data and what that lacks; prints {"token": …, "session": …} as the last line.

Run with the Python of the venv, DJANGO_SETTINGS_MODULE=outlay_settings and this folder on PYTHONPATH.
"""
import datetime as dt
import json

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Account  # noqa: E402
from common.models import Org, PersonalAccessToken, Profile  # noqa: E402
from common.rls import get_set_context_sql  # noqa: E402
from common.serializer import OrgAwareRefreshToken  # noqa: E402
from contacts.models import Contact  # noqa: E402
from interactions.service import log_interaction  # noqa: E402
from opportunity.models import Opportunity  # noqa: E402
from projects.models import Project  # noqa: E402

ADMIN = 'admin@example.com'
NAMES = ['华东轨道交通二期', '临港新能源产线', '苏州工业园智慧园区']


def main():
    # The country decides the names of its cities, which BottleCRM's seed can make for few.
    call_command(
        'seed_data', '--no-input', email=ADMIN, seed=7, currency='CNY', country='US', accounts=23, contacts=31,
        opportunities=37, leads=2, cases=1, tasks=2, goals=1, products=2, invoices=2, estimates=1,
        recurring_invoices=1, invoice_templates=1)
    org = Org.objects.get()
    with connection.cursor() as cursor:
        cursor.execute(get_set_context_sql(), [str(org.id)])
    Org.objects.filter(pk=org.pk).update(timezone='Asia/Shanghai')
    admin = Profile.objects.get(user__email=ADMIN, org=org)
    accounts = list(Account.objects.order_by('created_at'))
    deals = list(Opportunity.objects.order_by('created_at'))
    contacts = list(Contact.objects.order_by('created_at'))
    for deal, name in zip(deals, NAMES):
        deal.name = name
        deal.save()
    deals[0].amount = '12400.50'
    deals[0].save()
    accounts[-1].is_active = False
    accounts[-1].save()
    for number, account in enumerate(accounts[:13]):
        project = Project.objects.create(
            org=org, name=f'{account.name} · {NAMES[number % 3]}', account=account,
            deal=deals[number] if number % 2 else None, currency='CNY', created_by=admin.user)
        project.assigned_to.add(admin)
    for number, (home, record) in enumerate(
            [('account', a) for a in accounts[:5]] + [('opportunity', d) for d in deals[:5]]
            + [('contact', c) for c in contacts[:5]]):
        log_interaction(
            org, home=home, record=record, kind='meeting' if number % 2 else 'call', logged_by=admin,
            subject=f'拜访 {number}' if number % 3 else '', occurred_at=timezone.now() - dt.timedelta(days=number))
    token, _ = PersonalAccessToken.generate(profile=admin, name='Outlay', scopes=[], expires_at=None)
    session = OrgAwareRefreshToken.for_user_and_org(admin.user, org, admin).access_token
    print(json.dumps({'token': token, 'session': str(session)}))


main()
