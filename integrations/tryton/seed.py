"""Writes the demo company, its CRM data and a key for the REST API into a new Tryton database.

Run by setup.py with the Python of the venv: seed.py CONFIG DATABASE, the passwords as JSON on standard input;
the last line printed is {"key": …}.
"""
import datetime as dt
import json
import random
import sys
from decimal import Decimal

from trytond import config

config.update_etc(sys.argv[1])

from trytond.pool import Pool  # noqa: E402
from trytond.transaction import Transaction, TransactionError  # noqa: E402

from names import ACCOUNTS, CONTACTS, EMPLOYEES, PLACES, SUBJECTS  # noqa: E402

DATABASE = sys.argv[2]
ADMIN = 1
CURRENCIES = [
    ('CNY', 'Chinese yuan', '¥', 2, '1'), ('EUR', 'Euro', '€', 2, '0.1275'),
    ('USD', 'US dollar', '$', 2, '0.1390'), ('JPY', 'Japanese yen', '¥', 0, '20.8'),
    ]
COUNTRIES = {
    'CN': 'China', 'DE': 'Germany', 'NO': 'Norway', 'FR': 'France', 'IE': 'Ireland', 'CZ': 'Czechia', 'JP': 'Japan',
    'US': 'United States', 'AE': 'United Arab Emirates', 'AT': 'Austria',
    }
GROUPS = [
    ('sale', 'group_sale'), ('sale_opportunity', 'group_opportunity'), ('project', 'group_project_admin'),
    ('party', 'group_party_admin'),
    ]
TODAY = dt.date.today()


def main():
    passwords = json.load(sys.stdin)
    chance = random.Random(7)
    Pool.start()
    Pool(DATABASE).init()
    company, currencies = step(make_company)
    step(make_chart, company)
    employees = step(make_employees, company, company=company)
    user = step(make_user, passwords, company, company=company)
    parties = step(make_parties, chance, company=company)
    step(make_opportunities, chance, company, currencies, employees, parties, company=company)
    step(make_projects, chance, company, parties, company=company)
    key = step(make_key, user, company=company)
    print(json.dumps({'key': key}))


def step(work, *args, **context):
    """Runs `work` in a transaction of its own; again, if Tryton finds that a table must be locked first."""
    needs = {}
    while True:
        with Transaction().start(DATABASE, ADMIN, context=context, **needs) as transaction:
            try:
                return work(*args)
            except TransactionError as problem:
                transaction.rollback()
                problem.fix(needs)


def get(name):
    return Pool().get(name)


def by_xml(module, name):
    return get('ir.model.data').get_id(module, name)


def make_company():
    Currency, Rate = get('currency.currency'), get('currency.currency.rate')
    currencies = {}
    for code, name, symbol, digits, rate in CURRENCIES:
        currency, = Currency.create([{
            'name': name, 'symbol': symbol, 'code': code, 'digits': digits,
            'rounding': Decimal(1).scaleb(-digits)}])
        Rate.create([{'currency': currency.id, 'date': dt.date(TODAY.year - 2, 1, 1), 'rate': Decimal(rate)}])
        currencies[code] = currency.id
    get('country.country').create([{'name': name, 'code': code} for code, name in COUNTRIES.items()])
    party, = get('party.party').create([{
        'name': '澄明科技（上海）有限公司',
        'addresses': [('create', [{'city': '上海', 'street_unstructured': '徐汇区漕溪北路 333 号', 'country': country('CN')}])]}])
    company, = get('company.company').create([{
        'party': party.id, 'currency': currencies['CNY'], 'timezone': 'Asia/Shanghai'}])
    admin = get('res.user')(ADMIN)
    get('res.user').write([admin], {'companies': [('add', [company.id])], 'company': company.id})
    return company.id, currencies


def country(code):
    found, = get('country.country').search([('code', '=', code)])
    return found.id


def make_chart(company):
    """The minimal chart of accounts that sales ask for."""
    Account = get('account.account')
    Wizard = Pool().get('account.create_chart', type='wizard')
    with Transaction().set_context(company=company):
        session_id, _, _ = Wizard.create()
        wizard = Wizard(session_id)
        wizard.account.account_template = get('account.account.template')(
            by_xml('account', 'account_template_root_en'))
        wizard.account.company = get('company.company')(company)
        wizard.transition_create_account()
        for side in ('receivable', 'payable'):
            account, = Account.search([
                (f'type.{side}', '=', True), ('party_required', '=', True), ('company', '=', company)], limit=1)
            setattr(wizard.properties, f'account_{side}', account)
        wizard.properties.company = get('company.company')(company)
        wizard.transition_create_properties()


def make_employees(company):
    Party, Employee, User = get('party.party'), get('company.employee'), get('res.user')
    employees = []
    for name, login, active in EMPLOYEES:
        party, = Party.create([{
            'name': name,
            'contact_mechanisms': [('create', [{'type': 'email', 'value': f'{login}@example.com'}])]}])
        employee, = Employee.create([{
            'party': party.id, 'company': company, 'start_date': TODAY.replace(month=1, day=1) - dt.timedelta(days=700),
            'end_date': None if active else TODAY - dt.timedelta(days=60)}])
        User.create([{
            'name': name, 'login': login, 'email': f'{login}@example.com', 'active': active,
            'companies': [('add', [company])], 'company': company,
            'employees': [('add', [employee.id])], 'employee': employee.id}])
        if active:
            employees.append(employee.id)
    return employees


def make_user(passwords, company):
    """The account that Outlay works with: no administrator, so that Tryton's own rights hold."""
    user, = get('res.user').create([{
        'name': 'Outlay', 'login': passwords['login'], 'email': 'outlay@example.com',
        'password': passwords['password'],
        'companies': [('add', [company])], 'company': company,
        'groups': [('add', [by_xml(*group) for group in GROUPS])]}])
    return user.id


def make_parties(chance):
    Party, Category = get('party.party'), get('party.category')
    categories = {}
    for *_, category in ACCOUNTS:
        if category not in categories:
            made, = Category.create([{'name': category}])
            categories[category] = made.id
    rows = []
    for number, (name, code, city, street, tax, site, category) in enumerate(ACCOUNTS):
        rows.append(account(chance, number, name, code, city, street, tax, site, categories[category]))
        for chinese, western in PLACES[:number % 4]:
            suffix = chinese if code in ('CN', 'JP') else western
            rows.append(account(chance, len(rows), name + suffix, code, city, street, None, site, categories[category]))
    parties = list(Party.create(rows))
    Party.write([parties[-1]], {'active': False})
    return [party.id for party in parties[:-1]]


def account(chance, number, name, code, city, street, tax, site, category):
    person = chance.choice(CONTACTS)
    mechanisms = [
        {'type': 'website', 'value': f'https://{site}'},
        {'type': 'email', 'value': f'office{number}@{site}'},
        {'type': 'email', 'value': f'person{number}@{site}', 'name': person},
        {'type': 'other', 'value': f'ext. {100 + number}', 'name': person},
        ]
    row = {
        'name': name,
        'categories': [('add', [category])],
        'addresses': [('create', [{'city': city, 'street_unstructured': street, 'country': country(code)}])],
        'contact_mechanisms': [('create', mechanisms)],
        }
    if tax:
        row['identifiers'] = [('create', [{'type': tax[0], 'code': tax[1]}])]
    return row


def make_opportunities(chance, company, currencies, employees, parties):
    Opportunity, Mechanism = get('sale.opportunity'), get('party.contact_mechanism')
    states = ['lead'] * 20 + ['opportunity'] * 40 + ['converted'] * 15 + ['won'] * 30 + ['lost'] * 10 + ['cancelled'] * 5
    for number, state in enumerate(states):
        party = chance.choice(parties)
        contact, = Mechanism.search([('party', '=', party), ('type', '=', 'email'), ('name', '!=', None)], limit=1)
        code = chance.choice(['CNY', 'CNY', 'CNY', 'EUR', 'USD', 'JPY'])
        start = TODAY - dt.timedelta(days=chance.randint(20, 340))
        opportunity, = Opportunity.create([{
            'party': party, 'contact': contact.id, 'company': company,
            'currency': currencies[code],
            'amount': None if state == 'lead' and number % 3 == 0 else Decimal(chance.randint(20, 900)) * 1000,
            'employee': chance.choice(employees),
            'start_date': start, 'end_date': start + dt.timedelta(days=chance.randint(30, 200)),
            'description': chance.choice(SUBJECTS),
            'conversion_probability': chance.choice([0.1, 0.25, 0.5, 0.75, 0.9])}])
        advance(opportunity, state)


def advance(opportunity, state):
    """Moves a lead to `state` the way the buttons do; a deal is won once its sale is confirmed."""
    Opportunity, Sale = get('sale.opportunity'), get('sale.sale')
    if state == 'lead':
        return
    Opportunity.opportunity([opportunity])
    if state == 'opportunity':
        return
    if state in ('lost', 'cancelled'):
        (Opportunity.lost if state == 'lost' else Opportunity.cancel)([opportunity])
        return
    Opportunity.convert([opportunity])
    sale, = Opportunity(opportunity.id).sales
    Sale.write([sale], {
        'invoice_method': 'manual', 'shipment_method': 'manual',
        'sale_date': opportunity.end_date if state == 'won' and opportunity.end_date < TODAY else TODAY,
        'lines': [('create', [{
            'type': 'line', 'quantity': 1, 'unit_price': opportunity.amount, 'description': opportunity.description}])]})
    Sale.quote([sale])
    if state == 'won':
        Sale.confirm([sale])
        Sale.process([sale])
        Opportunity.process([Opportunity(opportunity.id)])


def make_projects(chance, company, parties):
    Work, Status = get('project.work'), get('project.work.status')
    status = Status.get_default_status('project')
    for number in range(24):
        party = get('party.party')(chance.choice(parties))
        project, = Work.create([{
            'name': f'{party.name} · {chance.choice(SUBJECTS)}', 'type': 'project', 'company': company,
            'party': party.id, 'status': status}])
        Work.create([{
            'name': 'Kick-off', 'type': 'task', 'company': company, 'parent': project.id,
            'status': Status.get_default_status('task')}])


def make_key(user):
    """A key is asked for and then validated, as a person would in the user's preferences."""
    Application = get('res.user.application')
    application, = Application.create([{'user': user, 'application': 'rest', 'state': 'requested'}])
    Application.validate_([application])
    return application.key


if __name__ == '__main__':
    main()
