//! Words on receipts in several languages, in small letters.

/// What a total is called.
#[rustfmt::skip]
pub(super) const TOTAL: &[&str] = &[
    "total", "totai", "tota1", "jumlah", "amount", "amt", "nett", "payable", "合计", "总计", "总额", "應付", "应付",
    "应收", "合計", "實付", "实付", "summe", "gesamt", "betrag", "totale", "totaal", "importe", "montant", "razem",
    "suma", "zu zahlen", "à payer", "te betalen", "a pagar", "balance due", "金额",
];

/// What makes a total one with tax.
#[rustfmt::skip]
pub(super) const INCLUDING: &[&str] = &[
    "incl", "inclusive", "include", "inc.", "inc ", "(inc", "ttc", "inkl", "含税", "价税", "with gst", "with tax",
    "brutto",
];

/// What makes a total the one to be paid.
#[rustfmt::skip]
pub(super) const SURE: &[&str] = &[
    "grand", "payable", "due", "rounded", "after round", "after adj", "net total", "nett total", "total nett",
    "to pay", "bill total", "应付", "实付", "價稅", "价税合计", "总计", "zu zahlen", "à payer", "te betalen",
    "a pagar", "balance due", "总额", "final",
];

/// What makes a total one of a part only.
#[rustfmt::skip]
pub(super) const WITHOUT: &[&str] = &[
    "excl", "exclud", "before", "w/o", "without", "ex.", "exc ", "exc.", "不含", "hors", "suppl", "taxable", "netto",
];

/// What is called a subtotal.
#[rustfmt::skip]
pub(super) const SUB: &[&str] = &[
    "sub total", "subtotal", "sub-total", "sub tot", "subtot", "小计", "小計", "zwischensumme", "sous-total",
    "sous total", "subtotaal", "subtotale", "s/total",
];

/// Taxes.
#[rustfmt::skip]
pub(super) const TAX: &[&str] = &[
    "gst", "vat", "tax", "sst", "mwst", "ust", "tva", "iva", "btw", "税额", "增值税", "moms",
];

/// Charges for service.
#[rustfmt::skip]
pub(super) const SERVICE: &[&str] = &[
    "service", "serv.", "svc", "服务费", "tip", "gratuity", "caj",
];

/// What is taken off.
#[rustfmt::skip]
pub(super) const LESS: &[&str] = &[
    "disc", "voucher", "coupon", "优惠", "折扣", "rabatt", "remise", "less", "deduct", "减免",
];

/// Roundings.
#[rustfmt::skip]
pub(super) const ROUND: &[&str] = &[
    "round", "rouding", "rnd", "rundung", "抹零", "arrondi", "pembundaran", "bundar",
];

/// What was handed over.
#[rustfmt::skip]
pub(super) const TENDER: &[&str] = &[
    "cash", "visa", "master", "card", "credit", "debit", "paid", "payment", "tender", "received", "现金", "微信",
    "支付宝", "实收", "bar ", "espèces", "efectivo", "tunai", "contant", "amex", "paypal", "nets", "alipay", "wechat",
    "收款",
];

/// What was given back.
#[rustfmt::skip]
pub(super) const CHANGE: &[&str] = &[
    "change", "找零", "找赎", "rückgeld", "rendu", "cambio", "troco", "baki", "wisselgeld",
];

/// Numbers of things, savings, points.
#[rustfmt::skip]
pub(super) const COUNT: &[&str] = &[
    "qty", "quantity", "item", "pcs", "point", "count", "saving", "saved", "数量", "件数", "articles", "pax",
    "balance b/f", "no. of", "units",
];

/// Legal forms, as they end a firm's name.
#[rustfmt::skip]
pub(super) const FORMS: &[&str] = &[
    "sdn bhd", "sdn. bhd", "sdn.bhd", "sdnbhd", "s/b", "bhd", "ltd", "limited", "plc", "inc", "llc", "llp", "corp",
    "gmbh", "ag", "kg", "ohg", "e.k", "sarl", "sas", "s.a", "s.l", "srl", "s.r.l", "s.p.a", "spa", "b.v", "bv", "n.v",
    "oy", "ab", "a/s", "aps", "co", "company", "enterprise", "enterprises", "trading", "holdings", "group", "& sons",
    "有限公司", "公司", "株式会社", "商行", "分店", "门店",
];

/// What shops call themselves.
#[rustfmt::skip]
pub(super) const TRADES: &[&str] = &[
    "restaurant", "restoran", "restaurante", "ristorante", "cafe", "café", "kopitiam", "coffee", "bakery", "bakeries",
    "cake", "noodle", "kitchen", "seafood", "food", "bar", "grill", "pizza", "burger", "hotel", "inn", "motel",
    "hostel", "mart", "market", "supermarket", "hypermarket", "store", "stores", "shop", "kedai", "pasaraya",
    "syarikat", "perniagaan", "mini market", "pharmacy", "farmasi", "apotheke", "pharmacie", "clinic", "klinik",
    "hardware", "electrical", "stationery", "stationer", "book", "books", "bookstore", "bookshop", "bookcentre",
    "gift", "deco", "boutique", "fashion", "handicraft", "house", "centre", "center", "plaza", "parking", "petrol",
    "station", "service", "services", "motor", "auto", "taxi", "airlines", "print", "printing", "press", "salon",
    "spa", "gym", "cinema", "酒店", "餐厅", "饭店", "超市", "便利店", "药房", "书店", "咖啡", "商店", "宾馆", "餐饮",
    "商场", "加油站",
];

/// What no name and no address holds: the rest of the receipt begins here.
#[rustfmt::skip]
pub(super) const ENDS: &[&str] = &[
    "tel", "phone", "fax", "hp:", "h/p", "gst", "tax inv", "invoice", "receipt", "date", "time", "cashier", "table",
    "www.", "http", "@", ".com", "vat", "tin", "sst", "reg no", "reg.no", "reg. no", "reg #", "regn", "roc", "co. no",
    "co no", "co.no", "company no", "company reg", "bill", "order", "cash ", "hours", "member", "welcome", "email",
    "e-mail", "hotline", "careline", "customer", "ust-id", "steuer", "siret", "电话", "税号", "单号", "日期", "时间",
    "收银", "小票", "mon-", "operat", "counter", "terminal", "trx", "slip", "dine in", "take away", "business",
    "branch no", "doc no", "document", "original", "copy", "纳税人",
];

/// Words of addresses in several countries.
#[rustfmt::skip]
pub(super) const PLACES: &[&str] = &[
    "jalan", "jln", "jl", "lorong", "lrg", "taman", "tmn", "bandar", "bdr", "kampung", "kg", "persiaran", "lebuh",
    "lot", "level", "floor", "flr", "unit", "block", "blk", "no", "ground", "street", "st", "road", "rd", "avenue",
    "ave", "lane", "drive", "blvd", "highway", "suite", "plaza", "mall", "complex", "kompleks", "wisma", "seksyen",
    "section", "batu", "kawasan", "off", "straße", "strasse", "str", "platz", "weg", "allee", "rue", "place", "via",
    "piazza", "calle", "avenida", "plein", "straat", "laan", "ul",
];
