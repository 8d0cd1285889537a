package android.graphics;

public class Canvas {
    public int save() { return 0; }

    public void restoreToCount(int count) {}

    public boolean clipRect(float left, float top, float right, float bottom) { return true; }

    public void drawBitmap(Bitmap bitmap, Rect from, RectF to, Paint paint) {}

    public void drawLine(float fromX, float fromY, float toX, float toY, Paint paint) {}
}
