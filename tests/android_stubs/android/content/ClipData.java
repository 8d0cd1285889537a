package android.content;

import android.net.Uri;

public class ClipData {
    public static ClipData newPlainText(CharSequence label, CharSequence text) { return null; }

    public static ClipData newRawUri(CharSequence label, Uri uri) { return null; }
}
