package android.widget;

import android.content.Context;
import android.util.AttributeSet;

public abstract class CompoundButton extends Button {
    public interface OnCheckedChangeListener {
        void onCheckedChanged(CompoundButton button, boolean checked);
    }

    public CompoundButton(Context context, AttributeSet attributes) { super(context, attributes); }

    public boolean isChecked() { return false; }

    public void setChecked(boolean checked) {}

    public void setOnCheckedChangeListener(OnCheckedChangeListener listener) {}
}
