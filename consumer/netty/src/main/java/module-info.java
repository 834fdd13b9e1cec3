module consumer.netty {
    requires org.relay4j.netty;
    requires org.relay4j.server;
}
