package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.View;

public class TextView extends View {
    public TextView(Context context, AttributeSet attributes) { super(context, attributes); }

    public CharSequence getText() { return null; }

    public final void setText(CharSequence text) {}

    public final void setText(int id) {}
}
