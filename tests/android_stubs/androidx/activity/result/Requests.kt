package androidx.activity.result

import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia.VisualMediaType

class PickVisualMediaRequest {
    class Builder {
        @Suppress("UNUSED_PARAMETER")
        fun setMediaType(type: VisualMediaType) = this

        fun build() = PickVisualMediaRequest()
    }
}
