plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "org.keras.secn"
    compileSdk = 35

    defaultConfig {
        applicationId = "org.keras.secn"
        minSdk = 24
        targetSdk = 35
        versionCode = 1
        versionName = "1.0"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
    }

    // .tflite files are mapped into memory and must not be compressed
    androidResources { noCompress += "tflite" }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    kotlinOptions { jvmTarget = "17" }
}

/** Copies the networks that gradle.properties names into the assets' folders cpu and gpu. */
abstract class CopyModels : DefaultTask() {
    @get:InputFile
    abstract val cpu: RegularFileProperty

    @get:InputFile
    @get:Optional
    abstract val gpu: RegularFileProperty

    @get:OutputDirectory
    abstract val assets: DirectoryProperty

    @TaskAction
    fun copy() {
        val folder = assets.get().asFile
        folder.deleteRecursively()
        for ((name, model) in mapOf("cpu" to cpu, "gpu" to gpu)) {
            val file = model.orNull?.asFile ?: continue
            file.copyTo(folder.resolve(name).resolve(file.name))
        }
    }
}

fun model(property: String) = providers.gradleProperty(property).orNull
    ?.takeIf { it.isNotBlank() }
    ?.let { rootProject.layout.projectDirectory.file(it) }

androidComponents {
    onVariants { variant ->
        val copyModels = tasks.register<CopyModels>("copyModelsFor" + variant.name.replaceFirstChar(Char::uppercase)) {
            cpu.set(model("secn.model"))
            gpu.set(model("secn.gpuModel"))
        }
        variant.sources.assets?.addGeneratedSourceDirectory(copyModels, CopyModels::assets)
    }
}

dependencies {
    implementation(libs.litert)
    implementation(libs.litert.gpu)
    implementation(libs.litert.gpu.api)
    implementation(libs.androidx.activity)
    implementation(libs.androidx.core)
    implementation(libs.androidx.exifinterface)
    androidTestImplementation(libs.junit)
    androidTestImplementation(libs.androidx.test.runner)
    androidTestImplementation(libs.androidx.test.junit)
}
