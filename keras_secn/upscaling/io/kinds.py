"""What a file is, by its bytes: the formats that are read, and names for many that are not."""

from keras_secn.utils.errors import UserError

READ = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    **dict.fromkeys((b"GIF87a", b"GIF89a"), "GIF"),
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
    b"BM": "BMP",
}
RAW = "a camera's raw file"
HEIC = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")
UNREAD = {
    **dict.fromkeys((b"\xff\x0a", b"\0\0\0\x0cJXL "), "JPEG XL"),
    **dict.fromkeys((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), "JPEG 2000"),
    b"II\xbc\1": "JPEG XR",
    **dict.fromkeys((b"%!PS", b"\xc5\xd0\xd3\xc6"), "PostScript"),
    b"%PDF": "PDF",
    b"8BPS": "Photoshop (PSD)",
    b"gimp xcf": "GIMP (XCF)",
    b"\x8aMNG": "MNG (animation)",
    b"\x8bJNG": "JNG",
    **dict.fromkeys((b"\0\0\1\0", b"icns"), "an icon"),
    b"DDS ": "DDS",
    b"v/1\1": "OpenEXR",
    b"#?RADIANCE": "Radiance (HDR)",
    b"SIMPLE  =": "FITS",
    b"qoif": "QOI",
    b"BPG\xfb": "BPG",
    b"FLIF": "FLIF",
    b"AT&TFORM": "DjVu",
    b"\xd7\xcd\xc6\x9a": "WMF",
    **dict.fromkeys((b"\1\xda\0", b"\1\xda\1"), "SGI"),
    **dict.fromkeys((b"\x0a\0\1", b"\x0a\2\1", b"\x0a\3\1", b"\x0a\5\1"), "PCX"),
    **dict.fromkeys(
        (b"PF\n", b"Pf\n", *(b"P%d" % kind for kind in range(1, 8))), "Netpbm (PPM, PFM)"
    ),
    **dict.fromkeys((b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb"), RAW),
}
VIDEO = ", not an image; videos are taken by name: .mp4, .m4v, .mov, .mkv, .webm, .avi"
NO_PICTURES = {
    b"0&\xb2u\x8ef\xcf\x11": f"Windows Media{VIDEO}",
    b"FLV\1": f"Flash video{VIDEO}",
    **dict.fromkeys((b"\0\0\1\xba", b"\0\0\1\xb3"), f"MPEG video{VIDEO}"),
    b"OggS": f"Ogg{VIDEO}",
    b"\x1aE\xdf\xa3": f"a Matroska or WebM video{VIDEO}",
    **dict.fromkeys((b"<!doctype html", b"<html"), "a web page, not an image"),
    b"pk\3\4": "a ZIP archive, not an image",
    b"version https://git-lfs": "a pointer to the image; git lfs pull gets that itself",
}


def kind_of(content):
    """The format of a file, a `parts.Content`, by its first bytes, in Pillow's words.

    Raises:
        UserError: none that is read; the text says which, if that is known.
    """
    head = bytes(content[:1024])
    for start, kind in READ.items():
        if head.startswith(start):
            if kind == "TIFF" and head[8:10] == b"CR":
                raise _unread(RAW)  # its first page is a preview
            return kind
    if head[:4] == b"RIFF":
        if head[8:12] == b"WEBP":
            return "WEBP"
        raise UserError(f"an AVI video{VIDEO}" if head[8:12] == b"AVI " else "not an image")
    if head[4:8] == b"ftyp":
        brands = head[8 : min(int.from_bytes(head[:4], "big"), 256)]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        if any(brand in brands for brand in HEIC):
            raise _unread("HEIC")
        raise _unread(RAW) if b"crx" in brands else UserError(f"a video of the MP4 family{VIDEO}")
    for start, name in UNREAD.items():
        if head.startswith(start):
            raise _unread(name)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, name in NO_PICTURES.items():
        if text.startswith(start.lower()):
            raise UserError(name)
    if text.startswith(b"<") and b"<svg" in text:
        raise _unread("SVG")
    if head[128:132] == b"DICM":
        raise _unread("DICOM")
    if bytes(content[max(0, len(content) - 18) :]).startswith(b"TRUEVISION"):
        raise _unread("TGA")
    if len(head) > 376 and {head[place] for place in (0, 188, 376)} == {ord("G")}:
        raise UserError(f"an MPEG transport stream{VIDEO}")
    raise UserError("not an image")


def _unread(name):
    return UserError(f"{name} is not read; save it as PNG or JPEG")
