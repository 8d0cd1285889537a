package org.json;

public class JSONObject {
    public JSONObject(String json) {}

    public String getString(String name) { return null; }

    public int getInt(String name) { return 0; }

    public double getDouble(String name) { return 0; }

    public JSONObject getJSONObject(String name) { return null; }

    public JSONArray getJSONArray(String name) { return null; }
}
