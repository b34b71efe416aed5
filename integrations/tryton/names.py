"""Invented names for the demo data."""

EMPLOYEES = [
    ('王芳', 'fang.wang', True),
    ('李强', 'qiang.li', True),
    ('陈静', 'jing.chen', True),
    ('赵敏', 'min.zhao', True),
    ('Anna Schneider', 'anna.schneider', True),
    ('Jonas Weber', 'jonas.weber', True),
    ('Marie Dubois', 'marie.dubois', True),
    ('周杰', 'jie.zhou', False),
    ]

# name, country, city, street, tax identifier (type, code), web site, category
ACCOUNTS = [
    ('上海浦江精密仪器有限公司', 'CN', '上海', '浦东新区张江路 88 号', None, 'pujiang.example', '仪器仪表'),
    ('北京云岭信息技术有限公司', 'CN', '北京', '海淀区中关村南大街 12 号', None, 'yunling.example', '软件'),
    ('深圳市海纳电子股份有限公司', 'CN', '深圳', '南山区科技园北区 3 栋', None, 'haina.example', '电子'),
    ('杭州西溪医疗器械有限公司', 'CN', '杭州', '西湖区文三路 259 号', None, 'xixi-med.example', '医疗'),
    ('成都锦城轨道交通设备有限公司', 'CN', '成都', '高新区天府大道 700 号', None, 'jincheng.example', '交通'),
    ('武汉东湖光电科技有限公司', 'CN', '武汉', '光谷大道 77 号', None, 'donghu.example', '光电'),
    ('苏州金鸡湖生物制药有限公司', 'CN', '苏州', '工业园区星湖街 218 号', None, 'jinjihu.example', '医药'),
    ('广州珠江港务集团', 'CN', '广州', '黄埔区港前路 531 号', None, 'zhujiang.example', '物流'),
    ('青岛崂山食品有限公司', 'CN', '青岛', '崂山区香港东路 195 号', None, 'laoshan.example', '食品'),
    ('西安秦岭航空部件有限公司', 'CN', '西安', '阎良区航空大道 1 号', None, 'qinling.example', '航空'),
    ('Nordlicht Maschinenbau GmbH', 'DE', 'Hamburg', 'Hafenstraße 14', ('eu_vat', 'DE136695976'), 'nordlicht.example', 'Machinery'),
    ('Bergmann Präzision AG', 'DE', 'Stuttgart', 'Industriestraße 7', ('eu_vat', 'DE114189102'), 'bergmann.example', 'Machinery'),
    ('Fjord Analytics AS', 'NO', 'Bergen', 'Bryggen 9', None, 'fjord.example', 'Software'),
    ('Lumière Optique SARL', 'FR', 'Lyon', '12 rue de la République', ('eu_vat', 'FR83404833048'), 'lumiere.example', 'Optics'),
    ("O'Brien & Sons Ltd", 'IE', 'Cork', '3 Patrick Street', None, 'obrien.example', 'Food'),
    ('Šumava Sklo s.r.o.', 'CZ', 'Plzeň', 'Pražská 21', None, 'sumava.example', 'Glass'),
    ('東雲計測株式会社', 'JP', '東京', '江東区東雲 1-9-5', None, 'shinonome.example', 'Instruments'),
    ('Pacific Crest Robotics Inc.', 'US', 'Portland', '410 NW Couch St', None, 'crest.example', 'Robotics'),
    ('شركة النخيل للتجارة', 'AE', 'Dubai', 'Sheikh Zayed Road 200', None, 'nakheel.example', 'Trade'),
    ('Café Zoë 🌱 GmbH', 'AT', 'Wien', 'Mariahilfer Straße 55', None, 'zoe.example', 'Food'),
    ]

CONTACTS = ['刘洋', '孙丽', '吴昊', '郑爽', '钱坤', 'Petra Lang', 'Olaf Brandt', 'Claire Martin', 'Sean Byrne', '佐藤健', 'Emily Carter']

SUBJECTS = [
    '检测生产线改造', '年度维护合同', '实验室设备更新', '数据平台二期', '备件框架协议',
    'Inspection line retrofit', 'Service contract renewal', 'Laboratory equipment', 'Data platform, phase 2', 'Spare parts framework',
    ]

PLACES = [('分公司', ' Branch'), ('研究院', ' Research'), ('物流中心', ' Logistics')]
