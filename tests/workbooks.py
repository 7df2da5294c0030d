"""XLSX files, as small as they can be."""

import io
import zipfile
from collections.abc import Mapping

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DATE, DATE_TIME, TIME, ELAPSED = 1, 2, 3, 4  # styles of cells
FORMATS = (0, 14, 22, 20, 46)  # how spreadsheets number them


def workbook(rows: str) -> bytes:
    """One sheet. `rows`: `row` elements, as they stand in its XML."""
    return packed(parts(rows))


def parts(rows: str) -> dict[str, str]:
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in FORMATS)
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": _relationships(officeDocument="xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Deals" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relationships(worksheet="worksheets/sheet1.xml", styles="styles.xml"),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def text(at: str, said: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{said}</t></is></c>'


def number(at: str, said: str, style: int = 0) -> str:
    return f'<c r="{at}" s="{style}"><v>{said}</v></c>'


def _relationships(**targets: str) -> str:
    inner = "".join(f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{to}"/>' for kind, to in targets.items())
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'
