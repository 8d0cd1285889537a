// What an app's module needs beside its own settings.
android {
    // .tflite files are mapped into memory and must not be compressed
    androidResources { noCompress += "tflite" }
    defaultConfig { minSdk = 24 }
}

dependencies {
    implementation("com.google.ai.edge.litert:litert:1.4.0")
    // only for GpuDelegate
    implementation("com.google.ai.edge.litert:litert-gpu:1.4.0")
    androidTestImplementation("androidx.test:runner:1.6.2")
    androidTestImplementation("androidx.test.ext:junit:1.2.1")
}
