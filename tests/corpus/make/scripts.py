"""Sources in other languages for the programs of producers.py: JavaScript, PHP, Ruby, Perl, Typst, SVG, XSL-FO."""

from __future__ import annotations

import html

from notices import CLOSING, INTRODUCTION, Notice, Sheet

Text = tuple[float, float, float, str, float]

PDF_LIB = """
const fs = require('fs'); const {PDFDocument} = require('pdf-lib'); const fontkit = require('@pdf-lib/fontkit');
(async () => {
  const [font, data, target] = process.argv.slice(2); const pdf = await PDFDocument.create();
  pdf.registerFontkit(fontkit); const used = await pdf.embedFont(fs.readFileSync(font), {subset: true});
  for (const texts of JSON.parse(fs.readFileSync(data))) {
    const page = pdf.addPage([595.28, 841.89]);
    for (const [x, y, size, text, spacing] of texts) {
      if (!spacing) { page.drawText(text, {x, y, size, font: used}); continue; }
      let at = x;
      for (const letter of text) {
        page.drawText(letter, {x: at, y, size, font: used}); at += used.widthOfTextAtSize(letter, size) + spacing;
      }
    }
  }
  fs.writeFileSync(target, await pdf.save());
})();
"""

PDFKIT = """
const fs = require('fs'); const PDFDocument = require('pdfkit');
const [font, data, target] = process.argv.slice(2); const pdf = new PDFDocument({autoFirstPage: false, size: 'A4'});
pdf.pipe(fs.createWriteStream(target)); pdf.registerFont('m', font);
for (const texts of JSON.parse(fs.readFileSync(data))) {
  pdf.addPage({size: 'A4', margin: 0});
  for (const [x, y, size, text, spacing] of texts)
    pdf.font('m').fontSize(size).text(text, x, 841.89 - y - size, {lineBreak: false, characterSpacing: spacing});
}
pdf.end();
"""

JSPDF = """
const fs = require('fs'); const {jsPDF} = require('jspdf');
const [font, data, target] = process.argv.slice(2); const pdf = new jsPDF({unit: 'pt', format: 'a4'});
pdf.addFileToVFS('f.ttf', fs.readFileSync(font).toString('base64')); pdf.addFont('f.ttf', 'm', 'normal');
JSON.parse(fs.readFileSync(data)).forEach((texts, turn) => {
  if (turn) pdf.addPage();
  for (const [x, y, size, text, spacing] of texts) {
    pdf.setFont('m'); pdf.setFontSize(size); pdf.text(text, x, 841.89 - y, spacing ? {charSpace: spacing} : {});
  }
});
fs.writeFileSync(target, Buffer.from(pdf.output('arraybuffer')));
"""

TCPDF = """<?php
require '/usr/share/php/tcpdf/tcpdf.php';
$pdf = new TCPDF('P', 'pt', 'A4', true, 'UTF-8', false);
$pdf->setPrintHeader(false); $pdf->setPrintFooter(false); $pdf->setAutoPageBreak(false); $pdf->setMargins(0, 0, 0);
foreach (json_decode(stream_get_contents(STDIN), true) as $texts) {
  $pdf->AddPage();
  foreach ($texts as [$x, $y, $size, $text, $spacing]) {
    $pdf->setFont('cid0jp', '', $size); $pdf->setFontSpacing($spacing); $pdf->Text($x, 841.89 - $y - $size, $text);
  }
}
echo $pdf->Output('n.pdf', 'S');
"""

PRAWN = """
require 'prawn'; require 'json'
pdf = Prawn::Document.new(page_size: 'A4', margin: 0, skip_page_creation: true)
JSON.parse(STDIN.read).each do |texts|
  pdf.start_new_page
  pdf.font('%(font)s')
  texts.each do |x, y, size, text, spacing|
    pdf.font_size(size)
    pdf.character_spacing(spacing) { pdf.draw_text(text, at: [x, y]) }
  end
end
STDOUT.binmode
STDOUT.write(pdf.render)
"""

PDF_API2 = """
use strict; use PDF::API2; binmode STDIN, ':utf8'; binmode STDOUT;
my $pdf = PDF::API2->new(); my $font = $pdf->ttfont('%(font)s'); my $text;
while (my $line = <STDIN>) {
  chomp $line;
  if ($line eq "\\f") { my $page = $pdf->page(); $page->mediabox(595.28, 841.89); $text = $page->text(); next; }
  my ($x, $y, $size, $words, $spacing) = split /\\t/, $line;
  $text->font($font, $size); $text->charspace($spacing); $text->translate($x, $y); $text->text($words);
}
print $pdf->stringify();
"""

QT = """
import sys
from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QGuiApplication, QPageSize, QPdfWriter, QTextDocument
app = QGuiApplication([])
writer = QPdfWriter(sys.argv[2])
writer.setPageSize(QPageSize(QPageSize.A4))
writer.setPageMargins(QMarginsF(15, 15, 15, 15))
writer.setResolution(300)
document = QTextDocument()
document.setHtml(open(sys.argv[1], encoding='utf-8').read().replace('<td class="label">', '<td width="25%">'))
document.print_(writer)
"""


def svg(page: list[Text]) -> str:
    """A page as SVG."""
    lines = "".join(
        f'<text x="{x}" y="{841.89 - y}" font-size="{size}" xml:space="preserve"'
        + (f' letter-spacing="{spacing}"' if spacing else "")
        + f">{html.escape(text)}</text>"
        for x, y, size, text, spacing in page
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="595.28pt" height="841.89pt" viewBox="0 0 595.28 841.89"'
        f' font-family="IPAexGothic">{lines}</svg>'
    )


def _escaped(text: str) -> str:
    return "".join("\\" + letter if letter in "#$*_[]@<>\\`~=-+/(" else letter for letter in text)


def typst_source(sheet: Sheet) -> str:
    """A sheet as Typst's source."""
    spacing = "5pt" if "letter-spacing" in sheet.css else "0pt"
    parts = ['#set page(paper: "a4", margin: 20mm)', '#set text(font: "IPAexMincho", size: 11pt, lang: "ja")']
    for turn, notice in enumerate(sheet.notices):
        if turn and sheet.page_each:
            parts.append("#pagebreak()")
        if turn == 0 or sheet.page_each:
            parts.append(f"#align(center)[#text(size: 15pt)[{_escaped(sheet.title)}]]")
            parts += [_escaped(line) + "\n" for line in INTRODUCTION]
            parts.append("#align(center)[記]")
        parts.append(_typst_fields(sheet, notice, spacing))
    return "\n".join([*parts, *(_escaped(line) + "\n" for line in CLOSING), f"#align(right)[{sheet.company}]"])


def _typst_fields(sheet: Sheet, notice: Notice, spacing: str) -> str:
    rows = []
    for label, note, value in sheet.fields(notice):
        shown = f"#text(tracking: {spacing})[{_escaped(value)}]"
        head = _escaped(label + sheet.colon)
        small = f" \\ #text(size: 9pt)[{_escaped(note)}]" if note else ""
        if sheet.layout in {"table", "gap"}:
            rows.append(f"[{head}{small}], [{shown}],")
        elif sheet.layout == "below":
            rows.append(f"{head} \\ #h(2em){shown}\n")
        else:
            rows.append(f"{head}{shown}{small}\n")
    if sheet.layout in {"table", "gap"}:
        stroke = "0.5pt" if sheet.layout == "table" else "none"
        return f"#table(columns: (42mm, 118mm), stroke: {stroke},\n" + "\n".join(rows) + "\n)"
    return "\n".join(rows)


def formatting_objects(sheet: Sheet) -> str:
    """A sheet as XSL formatting objects."""
    block = '<fo:block space-after="3pt">{}</fo:block>'
    parts: list[str] = []
    for turn, notice in enumerate(sheet.notices):
        if turn == 0 or sheet.page_each:
            new = ' break-before="page"' if turn else ""
            parts.append(f'<fo:block font-size="15pt" text-align="center"{new}>{html.escape(sheet.title)}</fo:block>')
            parts += [block.format(html.escape(line)) for line in INTRODUCTION]
            parts.append('<fo:block text-align="center">記</fo:block>')
        parts.append(_fo_fields(sheet, notice))
    parts += [block.format(html.escape(line)) for line in CLOSING]
    parts.append(f'<fo:block text-align="right">{sheet.company}</fo:block>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?><fo:root xmlns:fo="http://www.w3.org/1999/XSL/Format">'
        '<fo:layout-master-set><fo:simple-page-master master-name="a" page-width="210mm" page-height="297mm"'
        ' margin="20mm"><fo:region-body/></fo:simple-page-master></fo:layout-master-set><fo:page-sequence'
        ' master-reference="a"><fo:flow flow-name="xsl-region-body" font-family="m" font-size="11pt">'
        f"{''.join(parts)}</fo:flow></fo:page-sequence></fo:root>"
    )


def _fo_fields(sheet: Sheet, notice: Notice) -> str:
    spacing = ' letter-spacing="4pt"' if "letter-spacing" in sheet.css else ""
    rows = []
    for label, note, text in sheet.fields(notice):
        value = f"<fo:inline{spacing}>{html.escape(text)}</fo:inline>"
        small = f'<fo:block font-size="9pt">{note}</fo:block>' if note else ""
        if sheet.layout in {"table", "gap"}:
            border = ' border="0.5pt solid black" padding="3pt"' if sheet.layout == "table" else ""
            rows.append(
                f"<fo:table-row><fo:table-cell{border}><fo:block>{label}{sheet.colon}</fo:block>{small}</fo:table-cell>"
                f"<fo:table-cell{border}><fo:block>{value}</fo:block></fo:table-cell></fo:table-row>"
            )
        elif sheet.layout == "below":
            rows.append(f'<fo:block>{label}{sheet.colon}</fo:block><fo:block margin-left="8mm">{value}</fo:block>')
        else:
            rows.append(f'<fo:block space-after="8pt">{label}{sheet.colon}{value}</fo:block>{small}')
    if sheet.layout not in {"table", "gap"}:
        return "".join(rows)
    return (
        '<fo:table table-layout="fixed" width="160mm" space-after="8pt"><fo:table-column column-width="45mm"/>'
        f'<fo:table-column column-width="115mm"/><fo:table-body>{"".join(rows)}</fo:table-body></fo:table>'
    )


def fop_config(font: str) -> str:
    """FOP's settings: one font."""
    return (
        '<fop version="1.0"><renderers><renderer mime="application/pdf"><fonts>'
        f'<font embed-url="file://{font}"><font-triplet name="m" style="normal" weight="normal"/></font>'
        "</fonts></renderer></renderers></fop>"
    )
