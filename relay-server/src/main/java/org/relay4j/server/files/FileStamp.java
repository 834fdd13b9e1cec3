package org.relay4j.server.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** The attributes that identify a version of a file: another stamp means that it has changed. */
public record FileStamp(
        @Nullable Object time, long size, @Nullable Object key) {
    private static final FileStamp MISSING = new FileStamp(null, 0, null);

    /** Returns the stamp of the present version; the same one for all files that do not exist. */
    public static FileStamp of(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new FileStamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
        } catch (IOException e) {
            return MISSING;
        }
    }
}
