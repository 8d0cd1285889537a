package android.view;

import android.content.Context;
import android.content.res.Resources;
import android.graphics.Canvas;
import android.graphics.Paint;
import android.util.AttributeSet;

public class View {
    public static final int VISIBLE = 0, INVISIBLE = 4, LAYER_TYPE_SOFTWARE = 1;

    public interface OnClickListener {
        void onClick(View view);
    }

    public View(Context context, AttributeSet attributes) {}

    public Resources getResources() { return null; }

    public final int getWidth() { return 0; }

    public final int getHeight() { return 0; }

    public int getVisibility() { return 0; }

    public void setVisibility(int visibility) {}

    public boolean isEnabled() { return true; }

    public void setEnabled(boolean enabled) {}

    public void setLayerType(int type, Paint paint) {}

    public void setOnClickListener(OnClickListener listener) {}

    public void invalidate() {}

    protected void onSizeChanged(int width, int height, int oldWidth, int oldHeight) {}

    protected void onDraw(Canvas canvas) {}

    public boolean onTouchEvent(MotionEvent event) { return false; }
}
