package org.relay4j.javadoc;

import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;

/** Collects the types that the visible part of a class names. */
final class Signatures {
    private final Set<Class<?>> named = new LinkedHashSet<>();
    private final Set<Type> seen = new HashSet<>();

    private Signatures() {}

    static Set<Class<?>> of(Class<?> type) {
        Signatures signatures = new Signatures();
        signatures.add(type.getTypeParameters());
        if (type.getGenericSuperclass() != null) signatures.add(type.getGenericSuperclass());
        signatures.add(type.getGenericInterfaces());
        for (Field field : type.getDeclaredFields()) {
            if (isVisible(field.getModifiers())) signatures.add(field.getGenericType());
        }
        for (Executable constructor : type.getDeclaredConstructors()) signatures.add(constructor);
        for (Method method : type.getDeclaredMethods()) {
            if (!method.isSynthetic()) signatures.add(method);
        }
        return signatures.named;
    }

    static boolean isVisible(Class<?> type) {
        Class<?> outer = type.getEnclosingClass();
        return isVisible(type.getModifiers()) && (outer == null || isVisible(outer));
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private void add(Executable member) {
        if (!isVisible(member.getModifiers())) return;
        add(member.getTypeParameters());
        add(member.getGenericParameterTypes());
        add(member.getGenericExceptionTypes());
        if (member instanceof Method method) add(method.getGenericReturnType());
    }

    private void add(Type... types) {
        for (Type type : types) {
            if (seen.add(type)) addOne(type);
        }
    }

    private void addOne(Type type) {
        if (type instanceof Class<?> plain) {
            if (plain.isArray()) add(plain.getComponentType());
            else if (!plain.isPrimitive()) named.add(plain);
        } else if (type instanceof ParameterizedType parameterized) {
            add(parameterized.getRawType());
            add(parameterized.getActualTypeArguments());
        } else if (type instanceof GenericArrayType array) {
            add(array.getGenericComponentType());
        } else if (type instanceof TypeVariable<?> variable) {
            add(variable.getBounds());
        } else if (type instanceof WildcardType wildcard) {
            add(wildcard.getUpperBounds());
            add(wildcard.getLowerBounds());
        }
    }
}
