package android.os;

public class Build {
    public static final String HARDWARE = "", MANUFACTURER = "", MODEL = "";

    public static class VERSION {
        public static final String RELEASE = "";
    }
}
