package org.json;

public class JSONArray {
    public int length() { return 0; }

    public String getString(int index) { return null; }
}
