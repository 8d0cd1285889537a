package org.junit;

public class Assume {
    public static void assumeTrue(String message, boolean condition) {}
}
