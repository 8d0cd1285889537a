"""Files of pictures and videos.

Reading: `kinds` tells a file's format; `jpeg`, `png_read`, `gif_webp_avif_bmp` and `tiff_read` part
the picture from what is said of it (`file_parts`); `pixels` makes arrays of Pillow's images, and
`read` yields the frames. Writing: `metadata` leaves what is true of the result and fits its format,
by `exif` (directories: `ifd`), `xmp` and `color`; `write` encodes, by `png` and `tiff` row by row.
Videos: `video` runs ffmpeg, by what `probe`, `frame_times` and `containers` know.
"""
