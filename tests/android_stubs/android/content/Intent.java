package android.content;

import android.os.Parcelable;

public class Intent {
    public static final String ACTION_SEND = "send", EXTRA_STREAM = "stream";
    public static final int FLAG_GRANT_READ_URI_PERMISSION = 1;

    public Intent(String action) {}

    public static Intent createChooser(Intent target, CharSequence title) { return null; }

    public String getType() { return null; }

    public Intent setType(String type) { return this; }

    public Intent putExtra(String name, Parcelable value) { return this; }

    public ClipData getClipData() { return null; }

    public void setClipData(ClipData clip) {}

    public Intent addFlags(int flags) { return this; }
}
