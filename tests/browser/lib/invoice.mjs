// E-invoices as Chinese sellers send them: 数电票, the dialect with English names.
import { BUYER } from './demo.mjs';

const LABELS = `<InIssuType><LabelCode>Y</LabelCode><LabelName>是否蓝字发票标志</LabelName></InIssuType>
      <EInvoiceType><LabelCode>01</LabelCode><LabelName>电子发票</LabelName></EInvoiceType>
      <GeneralOrSpecialVAT><LabelCode>01</LabelCode><LabelName>增值税专用发票</LabelName></GeneralOrSpecialVAT>`;

/**
 * A file for an `input[type=file]`.
 * @param {{ number: string, day: string, seller: string, item: string, rate: string, net: string, tax: string,
 *   gross: string, capital: string }} sold amounts with two decimals; number of 20 digits; item as `*class*name`
 */
export function invoice(sold) {
  const text = `<?xml version="1.0" encoding="utf-8"?>
<EInvoice>
  <Header>
    <EIid>${sold.number}</EIid>
    <EInvoiceTag>SWEI3300</EInvoiceTag>
    <Version>0.32</Version>
    <InherentLabel>
      ${LABELS}
    </InherentLabel>
  </Header>
  <EInvoiceData>
    <SellerInformation>
      <SellerIdNum>91310115MA1K3ABC4R</SellerIdNum>
      <SellerName>${sold.seller}</SellerName>
    </SellerInformation>
    <BuyerInformation>
      <BuyerIdNum>${BUYER.taxId}</BuyerIdNum>
      <BuyerName>${BUYER.name}</BuyerName>
    </BuyerInformation>
    <BasicInformation>
      <TotalAmWithoutTax>${sold.net}</TotalAmWithoutTax>
      <TotalTaxAm>${sold.tax}</TotalTaxAm>
      <TotalTax-includedAmount>${sold.gross}</TotalTax-includedAmount>
      <TotalTax-includedAmountInChinese>${sold.capital}</TotalTax-includedAmountInChinese>
      <Drawer>开票员</Drawer>
      <RequestTime>${sold.day} 10:20:30</RequestTime>
    </BasicInformation>
    <IssuItemInformation>
      <ItemName>${sold.item}</ItemName>
      <Quantity>1</Quantity>
      <UnPrice>${sold.net}</UnPrice>
      <Amount>${sold.net}</Amount>
      <TaxRate>${sold.rate}</TaxRate>
      <ComTaxAm>${sold.tax}</ComTaxAm>
      <TotaltaxIncludedAmount>${sold.gross}</TotaltaxIncludedAmount>
    </IssuItemInformation>
  </EInvoiceData>
  <TaxSupervisionInfo>
    <InvoiceNumber>${sold.number}</InvoiceNumber>
    <IssueTime>${sold.day} 10:20:31</IssueTime>
    <TaxBureauCode>13300000000</TaxBureauCode>
    <TaxBureauName>国家税务总局浙江省税务局</TaxBureauName>
  </TaxSupervisionInfo>
</EInvoice>
`;
  return { name: `dzfp_${sold.number}.xml`, mimeType: 'application/xml', buffer: Buffer.from(text) };
}
