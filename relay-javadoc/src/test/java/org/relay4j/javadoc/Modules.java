package org.relay4j.javadoc;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The modules on the class path and of the JDK, as their descriptors declare them. */
final class Modules {
    private final Map<String, ModuleReference> byName = new HashMap<>();

    Modules() {
        Stream.of(System.getProperty("java.class.path").split(Pattern.quote(File.pathSeparator)))
                .flatMap(entry -> find(Path.of(entry)))
                .forEach(module -> byName.put(module.descriptor().name(), module));
        ModuleFinder.ofSystem()
                .findAll()
                .forEach(module -> byName.put(module.descriptor().name(), module));
    }

    /** The library modules of Relay that have a descriptor, by name. */
    List<ModuleDescriptor> relay() {
        return byName.values().stream()
                .map(ModuleReference::descriptor)
                .filter(module -> module.name().startsWith("org.relay4j.") && !module.isAutomatic())
                .sorted(Comparator.comparing(ModuleDescriptor::name))
                .toList();
    }

    /** The packages that everybody may use. */
    static Set<String> exported(ModuleDescriptor module) {
        Set<String> packages = new HashSet<>();
        for (Exports exports : module.exports()) {
            if (!exports.isQualified()) packages.add(exports.source());
        }
        return packages;
    }

    /** The public and protected types of the exported packages, nested ones included. */
    List<Class<?>> types(ModuleDescriptor module) {
        Set<String> packages = exported(module);
        try (ModuleReader reader = byName.get(module.name()).open();
                Stream<String> names = reader.list()) {
            return names.filter(name -> name.endsWith(".class") && !name.endsWith("-info.class"))
                    .map(name ->
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                    .filter(name -> packages.contains(name.substring(0, name.lastIndexOf('.'))))
                    .<Class<?>>map(Modules::load)
                    .filter(Signatures::isVisible)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a module that requires only {@code module} can name the type. */
    boolean canName(ModuleDescriptor module, Class<?> type) {
        String owner = type.getModule().isNamed() ? type.getModule().getName() : owner(type);
        if (!readable(module.name(), new HashSet<>()).contains(owner)) return false;
        ModuleDescriptor descriptor = byName.get(owner).descriptor();
        return descriptor.isAutomatic() || exported(descriptor).contains(type.getPackageName());
    }

    private Set<String> readable(String name, Set<String> found) {
        if (!found.add(name)) return found;
        found.add("java.base");
        ModuleReference module = byName.get(name);
        if (module == null) return found;
        for (Requires requires : module.descriptor().requires()) {
            if (requires.modifiers().contains(Requires.Modifier.TRANSITIVE)) readable(requires.name(), found);
        }
        return found;
    }

    private static String owner(Class<?> type) {
        Path place =
                Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath());
        Optional<ModuleReference> module = find(place).findFirst();
        return module.map(found -> found.descriptor().name()).orElse("the class path");
    }

    private static Stream<ModuleReference> find(Path entry) {
        try {
            return ModuleFinder.of(entry).findAll().stream();
        } catch (FindException e) {
            return Stream.of(); // its name makes no module name
        }
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, Modules.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
