"""What a file is, by its bytes: the formats that are read, and names for many that are not."""

import re

from keras_secn.utils.errors import UserError

# how files begin: regular expressions
READ = {
    "PNG": rb"\x89PNG\r\n\x1a\n(?!.{4}CgBI)",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"(II[*+]\0|MM\0[*+])(?!.{4}CR)",
    "BMP": rb"BM",
    "WEBP": rb"RIFF.{4}WEBP",
    "AVIF": rb".{4}ftyp.*avi[fs]",
}
UNREAD = {
    # blue comes first, and colors are multiplied by alpha
    "Apple's PNG (CgBI)": rb"\x89PNG\r\n\x1a\n.{4}CgBI",
    "HEIC": rb".{4}ftyp.*(hei[cxm]|hevc|mif1|msf1)",
    # of a TIFF the first page is a preview
    "a camera's raw file": rb"FUJIFILMCCD-RAW|II(U\0|RO|RS)|MMOR|FOVb|.{4}ftyp.*crx|(II|MM).{6}CR",
    "JPEG XL": rb"\xff\x0a|\0{3}\x0cJXL ",
    "JPEG 2000": rb"\0{3}\x0cjP  |\xff\x4f\xff\x51",
    "JPEG XR": rb"II\xbc\x01",
    "PostScript": rb"%!PS|\xc5\xd0\xd3\xc6",
    "PDF": rb"%PDF",
    "Photoshop (PSD)": rb"8BPS",
    "GIMP (XCF)": rb"gimp xcf",
    "MNG (animation)": rb"\x8aMNG",
    "JNG": rb"\x8bJNG",
    "an icon": rb"\0\0\x01\0|icns",
    "DDS": rb"DDS ",
    "OpenEXR": rb"v/1\x01",
    "Radiance (HDR)": rb"#\?RADIANCE",
    "FITS": rb"SIMPLE  =",
    "QOI": rb"qoif",
    "BPG": rb"BPG\xfb",
    "FLIF": rb"FLIF",
    "DjVu": rb"AT&TFORM",
    "WMF": rb"\xd7\xcd\xc6\x9a",
    "SGI": rb"\x01\xda[\0\x01]",
    "PCX": rb"\x0a[\0\x02\x03\x05]\x01",
    "Netpbm (PPM, PFM)": rb"P[Ff]\n|P[1-7]",
    "SVG": rb"(?i:(\xef\xbb\xbf)?\s*<(?!!doctype html|html)(.*<)?svg)",
    "DICOM": rb".{128}DICM",
}
VIDEO = ", not an image; videos are taken by name: .mp4, .m4v, .mov, .mkv, .webm, .avi"
NO_PICTURES = {
    f"an AVI video{VIDEO}": rb"RIFF.{4}AVI ",
    f"a video of the MP4 family{VIDEO}": rb".{4}ftyp",
    f"Windows Media{VIDEO}": rb"0&\xb2u\x8ef\xcf\x11",
    f"Flash video{VIDEO}": rb"FLV\x01",
    f"MPEG video{VIDEO}": rb"\0\0\x01[\xba\xb3]",
    f"an MPEG transport stream{VIDEO}": rb"(G.{187}){2}G",
    f"Ogg{VIDEO}": rb"OggS",
    f"a Matroska or WebM video{VIDEO}": rb"\x1aE\xdf\xa3",
    "a web page, not an image": rb"(?i:(\xef\xbb\xbf)?\s*<(!doctype html|html))",
    "a ZIP archive, not an image": rb"PK\x03\x04",
    "a pointer to the image; git lfs pull gets that itself": rb"(?i:version https://git-lfs)",
}


def kind_of(content):
    """The format of a file, a `file_parts.Content`, by its first bytes, in Pillow's words."""
    head = content[:1024]
    if head[4:8] == b"ftyp":
        # the names of brands alone
        head = head[: max(8, min(int.from_bytes(head[:4], "big"), 256))]
    if kind := _first(READ, head):
        return kind
    name = _first(UNREAD, head)
    if not name and content[max(0, len(content) - 18) :].startswith(b"TRUEVISION"):
        name = "TGA"
    if name:
        raise UserError(f"{name} is not read; save it as PNG or JPEG")
    raise UserError(_first(NO_PICTURES, head) or "not an image")


def _first(patterns, head):
    matches = (name for name, start in patterns.items() if re.match(start, head, re.DOTALL))
    return next(matches, None)
