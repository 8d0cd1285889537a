package android.content;

import android.content.res.AssetManager;
import android.content.res.Resources;
import java.io.File;

public abstract class Context {
    public static final String CLIPBOARD_SERVICE = "clipboard";

    public AssetManager getAssets() { return null; }

    public Resources getResources() { return null; }

    public ContentResolver getContentResolver() { return null; }

    public Object getSystemService(String name) { return null; }

    public File getCacheDir() { return null; }

    public String getPackageName() { return null; }

    public void startActivity(Intent intent) {}

    public final String getString(int id) { return null; }

    public final String getString(int id, Object... arguments) { return null; }
}
