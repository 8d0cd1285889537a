package android.app;

import android.content.Context;
import android.os.Bundle;
import android.view.View;
import android.view.Window;

public class Activity extends Context {
    protected void onCreate(Bundle savedInstanceState) {}

    protected void onDestroy() {}

    public boolean isDestroyed() { return false; }

    public void setContentView(int layout) {}

    public <T extends View> T findViewById(int id) { return null; }

    public Window getWindow() { return null; }

    public final void runOnUiThread(Runnable action) { action.run(); }
}
